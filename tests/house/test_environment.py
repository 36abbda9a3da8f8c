"""What is set up for pip reaches uv."""

from local.environment import uv_variables


def test_pip_settings_become_uv_variables() -> None:
    settings = {
        "index-url": "https://mirror.example/simple",
        "extra-index-url": "https://one.example/simple\\nhttps://two.example/simple",
        "find-links": "/wheels /more",
        "cert": "/etc/ca.pem",
        "disable-pip-version-check": "1",
    }
    assert uv_variables(settings, {}) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_EXTRA_INDEX_URL": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/wheels,/more",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }


def test_what_is_set_for_uv_wins() -> None:
    assert uv_variables({"index-url": "https://pip.example"}, {"UV_DEFAULT_INDEX": "https://uv.example"}) == {}


def test_nothing_set_means_nothing_passed_on() -> None:
    assert uv_variables({}, {}) == {}
