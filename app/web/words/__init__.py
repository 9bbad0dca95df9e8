"""Words on pages and in mails for the codes that services use."""
