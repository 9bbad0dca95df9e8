"""Passwords that everybody tries first: never accepted, whatever their length.

A small list of our own; compared without case, and without digits and signs at the end.
"""

from __future__ import annotations

import re

COMMON = frozenset((
    "000000000000", "111111111111", "123123123123", "123456123456", "12345678901", "123456789012",
    "1234567890123", "1234567890", "0123456789", "0987654321", "098765432109", "112233445566",
    "121212121212", "123qweasdzxc", "1q2w3e4r5t6y", "1q2w3e4r5t6y7u8i", "1qaz2wsx3edc", "1qaz2wsx3edc4rfv",
    "qazwsxedcrfv", "qazwsxedc", "zaq12wsxcde3", "zxcvbnmasdfghjkl", "qwertyuiop", "qwertyuiopasdfghjkl",
    "qwertyuiop123", "qwerty123456", "qwerty12345678", "qwertyqwerty", "qweasdzxc123", "asdfghjkl",
    "asdfghjklqwertyuiop", "asdfasdfasdf", "abcdefghijkl", "abcdefghijklmnop", "abcdefg123456",
    "abcabcabcabc", "aaaaaaaaaaaa", "abc123abc123", "a1b2c3d4e5f6", "123456abcdef", "passwordpassword",
    "password123456", "password12345", "password1234", "passw0rd1234", "p@ssw0rd1234", "p@ssword1234",
    "p@ssw0rdp@ssw0rd", "password", "letmeinletmein", "letmein12345", "letmeinplease", "letmeinnow",
    "welcomewelcome", "welcome12345", "welcome123456", "welcomehome", "changemechangeme", "changeme12345",
    "changeme1234", "changemenow", "changethis", "adminadmin", "adminadminadmin", "administrator",
    "administrator1", "admin1234567", "admin12345678", "rootrootroot", "toortoortoor", "superadministrator",
    "supersecret", "supersecretpassword", "secretsecret", "secretpassword", "mysecretpassword",
    "mypassword", "mypassword123", "newpassword", "newpassword123", "defaultpassword", "temporarypassword",
    "temporary1234", "testtesttest", "testtest1234", "testing12345", "testpassword", "iloveyouiloveyou",
    "iloveyou1234", "iloveyouforever", "ihateyou1234", "trustno1trustno1", "monkeymonkey", "dragondragon",
    "sunshine1234", "sunshinesunshine", "princess1234", "princessprincess", "football1234",
    "footballfootball", "baseball1234", "superman1234", "batmanbatman", "starwars1234", "starwarsstarwars",
    "masterkey1234", "mastermaster", "michaeljackson", "manchesterunited", "liverpoolfc", "liverpool1234",
    "juventusjuventus", "chocolate1234", "computer1234", "computercomputer", "internet1234", "whatever1234",
    "whateverwhatever", "loveislove1234", "godisgood1234", "jesuschrist1", "jesusislord", "summer202412",
    "correcthorsebatterystaple", "opensesame", "opensesame123", "argusargusargus", "argus1234567",
))  # fmt: skip
TRAILING = re.compile(r"[0-9!?.*#@$_\-]+$", re.ASCII)


def is_common(password: str) -> bool:
    """Whether this is one of the passwords that everybody tries first."""
    lowered = password.lower()
    return lowered in COMMON or (TRAILING.sub("", lowered) or lowered) in COMMON
