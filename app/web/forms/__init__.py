"""WTForms, one file per group of pages."""
