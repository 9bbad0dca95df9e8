"""The functions that guard our own API, in Argus's spelling (contract 1.11); written only here."""

from __future__ import annotations

from enum import StrEnum


class Guard(StrEnum):
    """Every built-in function, alphabetically."""

    ADD_CHILD_FUNCTION = "addChildFunction"
    ADD_CUSTOMER = "addCustomer"
    ADD_FUNCTION = "addFunction"
    ADD_GROUP_MEMBER = "addGroupMember"
    ADD_OAUTH_CLIENT = "addOAuthClient"
    ADMINISTRATIVE_API_KEY = "administrativeAuthenticationSetup-APIKEY"
    ADMINISTRATIVE_SIGNATURE = "administrativeAuthenticationSetup-SIGNATURE"
    ADMINISTRATIVE_TOTP = "administrativeAuthenticationSetup-TOTP"
    BLOCK_USER = "blockUser"
    CREATE_USER = "createUser"
    DELETE_CUSTOMER = "deleteCustomer"
    DELETE_OAUTH_CLIENT = "deleteOAuthClient"
    DELETE_SESSION = "deleteSession"
    DELETE_USER = "deleteUser"
    GRANT_ROLE = "grantRole"
    IMPERSONATE = "impersonate"
    MOVE_CUSTOMER = "moveCustomer"
    REMOVE_CHILD_FUNCTION = "removeChildFunction"
    REMOVE_FUNCTION = "removeFunction"
    REMOVE_GROUP_MEMBER = "removeGroupMember"
    RESET_USER_PASSWORD = "resetUserPassword"  # noqa: S105 - the name of a function
    REVOKE_ROLE = "revokeRole"
    UNBLOCK_USER = "unblockUser"
    UPDATE_CUSTOMER = "updateCustomer"
    UPDATE_FUNCTION = "updateFunction"
    UPDATE_OAUTH_CLIENT = "updateOAuthClient"
    UPDATE_USER = "updateUser"
    UPDATE_USER_PREFERENCES = "updateUserPreferences"
    VIEW_BASIC_CUSTOMER = "viewBasicCustomer"
    VIEW_BASIC_FUNCTIONS = "viewBasicFunctions"
    VIEW_BASIC_SUBJECT = "viewBasicSubject"
    VIEW_BASIC_USER_PRIVATE_INFO = "viewBasicUserPrivateInfo"
    VIEW_CUSTOMERS = "viewCustomers"
    VIEW_FUNCTIONS = "viewFunctions"
    VIEW_OAUTH_CLIENTS = "viewOAuthClients"
    VIEW_OAUTH_CLIENTS_DETAILS = "viewOAuthClientsDetails"
    VIEW_PERMISSIONS = "viewPermissions"
    VIEW_RELATED_BASIC_SUBJECT = "viewRelatedBasicSubject"
    VIEW_USER_AUTHENTICATION_EVENTS = "viewUserAuthenticationEvents"
    VIEW_USERS = "viewUsers"


ALL_FUNCTIONS = "ALL-FUNCTIONS"

# The roles that ``init`` creates under ALL-FUNCTIONS (design §8).
ROLES: dict[str, tuple[Guard, ...]] = {
    "OAUTH-ADMIN": (
        Guard.ADD_OAUTH_CLIENT,
        Guard.DELETE_OAUTH_CLIENT,
        Guard.UPDATE_OAUTH_CLIENT,
        Guard.VIEW_OAUTH_CLIENTS,
        Guard.VIEW_OAUTH_CLIENTS_DETAILS,
    ),
    "USER-ADMIN": (
        Guard.ADD_GROUP_MEMBER,
        Guard.ADMINISTRATIVE_API_KEY,
        Guard.ADMINISTRATIVE_SIGNATURE,
        Guard.ADMINISTRATIVE_TOTP,
        Guard.BLOCK_USER,
        Guard.CREATE_USER,
        Guard.DELETE_SESSION,
        Guard.DELETE_USER,
        Guard.GRANT_ROLE,
        Guard.REMOVE_GROUP_MEMBER,
        Guard.RESET_USER_PASSWORD,
        Guard.REVOKE_ROLE,
        Guard.UNBLOCK_USER,
        Guard.UPDATE_USER,
        Guard.UPDATE_USER_PREFERENCES,
        Guard.VIEW_FUNCTIONS,
        Guard.VIEW_PERMISSIONS,
        Guard.VIEW_USERS,
        Guard.VIEW_USER_AUTHENTICATION_EVENTS,
    ),
    "CUSTOMER-ADMIN": (
        Guard.ADD_CUSTOMER,
        Guard.DELETE_CUSTOMER,
        Guard.MOVE_CUSTOMER,
        Guard.UPDATE_CUSTOMER,
        Guard.VIEW_CUSTOMERS,
    ),
    "BASIC-USER": (
        Guard.VIEW_BASIC_CUSTOMER,
        Guard.VIEW_BASIC_FUNCTIONS,
        Guard.VIEW_BASIC_SUBJECT,
        Guard.VIEW_RELATED_BASIC_SUBJECT,
    ),
}
