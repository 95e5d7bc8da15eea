"""Accounts: how people get in: links, passwords, passkeys and browser sessions.

Owns their tables; the secrets of links and sessions are kept only as keyed hashes, passwords as argon2id. All of it is
pages: public, as no key or token opens them, but each page below `/account` asks for its browser's session itself.

| method | path | permission |
|---|---|---|
| GET | /account | public |
| POST | /account/passkeys | public |
| POST | /account/passkeys/begin | public |
| POST | /account/passkeys/{passkey_id}/remove | public |
| POST | /account/passkeys/{passkey_id}/rename | public |
| POST | /account/password | public |
| POST | /account/sessions/revoke | public |
| POST | /account/sessions/{session_id}/revoke | public |
| GET | /invite | public |
| POST | /invite | public |
| POST | /invite/join | public |
| POST | /invite/passkey | public |
| GET | /login | public |
| POST | /login | public |
| POST | /login/passkey | public |
| POST | /login/passkey/begin | public |
| POST | /logout | public |
| GET | /password | public |
| POST | /password | public |
| GET | /setup | public |
| POST | /setup | public |
| POST | /setup/join | public |
| POST | /setup/passkey | public |
| GET | /welcome | public |

Neighbours: organizations, whose members these people are; every page of others asks `http.browser` for the session.
"""
