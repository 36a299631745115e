import zt_missing
