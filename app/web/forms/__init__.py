"""WTForms, one file per page family."""
