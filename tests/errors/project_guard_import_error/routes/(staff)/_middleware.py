from staff_login import before
