"""The WSGI application, for a server of your own choice. ``argus-idp serve`` is the one that is tested."""

from app.cli.serve import application

app = application()
