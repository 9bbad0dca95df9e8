"""The only package that uses Authlib."""
