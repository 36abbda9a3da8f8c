"""Messages to people: e-mail by an SMTP connection, chat by the addresses of an Apprise connection, each recorded in the ledger."""
