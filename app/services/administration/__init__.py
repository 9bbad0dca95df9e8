"""Users, groups, customers, functions and permissions, and their searches."""
