"""Superset's settings for Hearth's dashboards. Everything that differs between places comes from the environment.

Needed: SUPERSET_SECRET_KEY (signs sessions, encrypts the warehouse's password), HEARTH_DASHBOARDS_BRANCH_KEY (the passwords of
the branches' logins in the warehouse come from it). Metadata: HEARTH_DASHBOARDS_METADATA_URL, a
PostgreSQL in production, else SQLite in SUPERSET_HOME. Nothing is loaded from other hosts: no map tiles, fonts or pictures.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("SUPERSET_HOME", "~/.superset")).expanduser()

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
# Written as HEARTH_WAREHOUSE_URL_* are; SQLAlchemy 1.4 wants the driver's name in it.
SQLALCHEMY_DATABASE_URI = (os.environ.get("HEARTH_DASHBOARDS_METADATA_URL") or f"sqlite:///{HOME / 'superset.db'}").replace(
    "postgresql://", "postgresql+psycopg2://"
)

# --- What people see
APP_NAME = "Hearth"
LANGUAGES = {"en": {"flag": "gb", "name": "English"}, "zh": {"flag": "cn", "name": "中文"}}
BABEL_DEFAULT_LOCALE = os.environ.get("HEARTH_DASHBOARDS_LANGUAGE", "zh")

# Okabe and Ito's eight colours, told apart by people with any of the common colour-vision deficiencies; the darkest first.
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#F0E442"]
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {"id": "hearth", "label": "Hearth 色盲友好", "description": "Told apart by everybody", "isDefault": True, "colors": PALETTE}
]
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {  # dark is much; its lightness falls evenly, so it also works in grey
        "id": "hearth_much", "label": "Hearth 由少到多", "description": "", "isDiverging": False, "isDefault": True,
        "colors": ["#F7FBFF", "#C6DBEF", "#6BAED6", "#2171B5", "#08306B"],
    },
    {  # blue is cold, orange is hot, white is as it should be
        "id": "hearth_cold_hot", "label": "Hearth 冷热", "description": "", "isDiverging": True, "isDefault": False,
        "colors": ["#2166AC", "#92C5DE", "#F7F7F7", "#F4A582", "#B2182B"],
    },
]  # fmt: skip
THEME_DEFAULT: dict[str, Any] = {
    "token": {
        "brandAppName": APP_NAME,
        "brandLogoAlt": APP_NAME,
        "brandLogoUrl": "/static/assets/images/superset-logo-horiz.png",
        "brandLogoHref": "/",
        "brandLogoHeight": "24px",
        "brandLogoMargin": "18px 0",
        "colorPrimary": PALETTE[0],
        "colorLink": PALETTE[0],
        "colorError": PALETTE[1],
        "colorSuccess": PALETTE[2],
        "colorWarning": PALETTE[5],
        "fontFamily": "Inter, 'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'WenQuanYi Zen Hei', Arial, sans-serif",
    },
    "algorithm": "default",
}
D3_FORMAT = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["¥", ""]}

# --- What is on, what is off
FEATURE_FLAGS = {
    "DASHBOARD_RBAC": False,
    "EMBEDDABLE_CHARTS": False,
    "ENABLE_TEMPLATE_PROCESSING": False,
    "DRILL_BY": False,
    "ALLOW_ADHOC_SUBQUERY": False,
    # Two logins may read different rows by the same query.
    "CACHE_QUERY_BY_USER": True,
}
ROW_LIMIT = 5000
SQL_MAX_ROW = 50000
PUBLIC_ROLE_LIKE = None
AUTH_ROLE_PUBLIC = "Public"
ENABLE_CORS = False
FAB_API_SWAGGER_UI = False
FAB_ADD_SECURITY_API = True

# --- Whose rows: a viewer's queries run by the login of their branch, and the warehouse shows that login no others
BRANCH_KEY = os.environ["HEARTH_DASHBOARDS_BRANCH_KEY"]
BRANCH_LOGIN = runpy.run_path(str(HERE.parent / "plugins" / "hearth" / "warehouse" / "branch_login.py"))
ROLES = yaml.safe_load((HERE / "access.yml").read_text(encoding="utf-8"))["roles"]


def DB_CONNECTION_MUTATOR(  # noqa: N802 - Superset's name
    uri: Any, params: dict[str, Any], username: str | None, security_manager: Any, source: Any
) -> tuple[Any, dict[str, Any]]:
    """The login to ask the warehouse by: the company's for who sees it whole, else a branch's, else one that sees no branch."""
    user = security_manager.find_user(username=username) if username else None
    names = {role.name for role in security_manager.get_user_roles(user)} if user else set()
    if uri.username != "hearth_dashboards" or names & {"Admin", ROLES["company"]}:
        return uri, params
    before = ROLES["branch"].partition("{branch}")[0]
    branches = [name.removeprefix(before) for name in names if name.startswith(before)]
    login = BRANCH_LOGIN["login_of"](branches[0] if len(branches) == 1 else BRANCH_LOGIN["NOBODY"])
    return uri.set(username=login, password=BRANCH_LOGIN["password_of"](login, BRANCH_KEY)), params


# --- Safe by default
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Behind TLS: HEARTH_DASHBOARDS_TLS=1, then cookies go over TLS only and the proxy's word about the address is believed.
BEHIND_TLS = os.environ.get("HEARTH_DASHBOARDS_TLS", "") == "1"
SESSION_COOKIE_SECURE = BEHIND_TLS
ENABLE_PROXY_FIX = BEHIND_TLS
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": BEHIND_TLS,
}
RATELIMIT_ENABLED = True
# A dashboard asks for all its charts at once; logging in stays limited by AUTH_RATE_LIMIT.
RATELIMIT_APPLICATION = "200 per second"
RATELIMIT_STORAGE_URI = "memory://"

# --- Answers are kept on this machine; marts change a few times a day, and a page says of which day its data are.
CACHE_SECONDS = int(os.environ.get("HEARTH_DASHBOARDS_CACHE_SECONDS", "300"))


def _cache(name: str, seconds: int) -> dict[str, Any]:
    return {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(HOME / "cache" / name), "CACHE_DEFAULT_TIMEOUT": seconds,
            "CACHE_THRESHOLD": 2000}  # fmt: skip


CACHE_CONFIG = _cache("objects", 3600)
DATA_CACHE_CONFIG = _cache("data", CACHE_SECONDS)
FILTER_STATE_CACHE_CONFIG = _cache("filters", 30 * 86400)
EXPLORE_FORM_DATA_CACHE_CONFIG = _cache("explore", 7 * 86400)

# --- Nothing runs in the background, nothing is sent anywhere.
CELERY_CONFIG = None
STATS_LOGGER_ENABLED = False
LOG_LEVEL = "WARNING"
