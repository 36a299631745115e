import mail_library_that_is_not_installed


class Mail:
    library = mail_library_that_is_not_installed
