"""The words of pages and mails for what the services name by codes."""
