"""What is read: requests of the API and the fields of the console, one file per resource."""
