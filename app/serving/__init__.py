"""The server: granian in front, and our adapter between its ASGI face and the WSGI application.

``server`` starts it, ``adapter`` receives and answers on the event loop, ``environ`` translates a request,
``threads`` runs the application, ``stopping`` announces the stop, ``sockets`` bounds what the kernel holds,
``memory`` what the process keeps.
"""
