"""Rows, constraints and relations; no rules, no commits. Importing this package maps every table."""

from __future__ import annotations

from app.models import apikeys as apikeys
from app.models import audit as audit
from app.models import authority as authority
from app.models import clients as clients
from app.models import devices as devices
from app.models import directory as directory
from app.models import grants as grants
from app.models import keys as keys
from app.models import outbox as outbox
from app.models import preferences as preferences
from app.models import sessions as sessions
from app.models import single_use as single_use
from app.models import state as state
from app.models import stepup as stepup
from app.models import throttle as throttle
from app.models import totp as totp
from app.models import webauthn as webauthn
