"""docker-compose.yml against the compose schema, Debian's docker-compose, .env.example, the Dockerfile and the code."""

import json
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILES = (ROOT / "Dockerfile", ROOT / "dashboards" / "Dockerfile", ROOT / "spark" / "Dockerfile")
# Debian's package brings the schema of the Compose specification with it.
SCHEMA = Path("/usr/lib/python3/dist-packages/compose/config/compose_spec.json")
needs_docker_compose = pytest.mark.skipif(
    shutil.which("docker-compose") is None, reason="docker-compose is not installed (Debian: docker-compose)"
)
RUN_ONCE = ["setup", "superset-setup", "superset-import"]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return dict(compose["services"])


def example_settings() -> dict[str, str]:
    """.env.example as `hearth init` and a person would fill it in."""
    named: dict[str, str] = {}

    def fill(match: re.Match[str]) -> str:
        fresh = secrets.token_urlsafe(32)
        return named.setdefault(match["name"], fresh) if match["name"] else fresh

    settings = {}
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            value = re.sub(r"<generated(?::(?P<name>\w+))?>", fill, value)
            settings[name] = re.sub(r"<your [^>]*>", "filled-in", value)
    return settings


def run_config(folder: Path, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    shutil.copy(COMPOSE, folder)
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return subprocess.run(["docker-compose", "config"], cwd=folder, capture_output=True, text=True, check=False)


def test_it_has_the_services_of_a_production_like_airflow(services: dict[str, dict[str, Any]]) -> None:
    wanted = {
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
        "worker",
        "metadata",
        "warehouse",
        "redis",
        "setup",
        "superset",
        "superset-setup",
        "superset-import",
        "dashboards-metadata",
        "spark-master",
        "spark-worker-1",
        "spark-worker-2",
    }
    assert wanted <= services.keys()


@pytest.mark.skipif(not SCHEMA.exists(), reason="the compose schema comes with Debian's docker-compose")
def test_it_keeps_to_the_compose_schema(compose: dict[str, Any]) -> None:
    jsonschema.validate(compose, json.loads(SCHEMA.read_text(encoding="utf-8")))


@needs_docker_compose
def test_docker_compose_reads_it_with_a_filled_in_example(tmp_path: Path) -> None:
    answer = run_config(tmp_path, example_settings())
    assert answer.returncode == 0, answer.stderr
    resolved = yaml.safe_load(answer.stdout)
    worker = resolved["services"]["worker"]["environment"]
    assert json.loads(worker["AIRFLOW_CONN_HEARTH_FILES"])["conn_type"] == "sftp"
    owner = resolved["services"]["setup"]["environment"]["HEARTH_WAREHOUSE_URL_OWNER"]
    assert resolved["services"]["warehouse"]["environment"]["POSTGRES_PASSWORD"] in owner


@needs_docker_compose
def test_a_missing_secret_stops_it(tmp_path: Path) -> None:
    whole = example_settings()
    text = COMPOSE.read_text(encoding="utf-8")
    required = sorted({match["name"] for match in VARIABLE.finditer(text) if match["rest"].startswith(":?")})
    assert len(required) > 10
    for name in required[:: len(required) // 3]:  # a second each; that none has a default is tested below
        answer = run_config(tmp_path, {key: value for key, value in whole.items() if key != name})
        assert answer.returncode != 0, f"{name} is missing and nothing says so"


def test_every_variable_stands_in_the_example() -> None:
    used = {match["name"] for match in VARIABLE.finditer(COMPOSE.read_text(encoding="utf-8"))}
    assert used - example_settings().keys() == set()


OPTIONAL = {"AIRFLOW_CONN_HEARTH_MAIL", "AIRFLOW_CONN_HEARTH_CHAT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
"""Where messages go to, and the key of a bucket: an installation need not have any."""


def test_no_secret_has_a_default() -> None:
    for match in VARIABLE.finditer(COMPOSE.read_text(encoding="utf-8")):
        if match["name"] in OPTIONAL:
            assert match["rest"] == ":-", f"{match.group()}: may be empty, has no value of its own"
        elif re.search(r"PASSWORD|SECRET|KEY|WAREHOUSE_URL|CONN_", match["name"]):
            assert match["rest"].startswith(":?"), match.group()


def test_no_secret_is_written_down(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_KEY|JWT|_CONN_", variable) and "://" not in str(value):
                assert str(value).startswith("${"), f"{name}: {variable}"
            for password in re.findall(r"://\w*:([^@]*)@", str(value)):
                assert password.startswith("${"), f"{name}: {variable}"


def test_every_image_is_pinned(services: dict[str, dict[str, Any]]) -> None:
    images = {service["image"] for service in services.values()}
    bases = [re.search(r"^FROM (\S+)", path.read_text(encoding="utf-8"), re.MULTILINE) for path in DOCKERFILES]
    assert all(bases)
    for image in {*images, *(base[1] for base in bases if base)}:
        assert re.search(r":\d+\.\d+\.\d+|:\d+\.\d+-", image), f"{image} is not pinned to a release"


def test_every_service_that_stays_has_a_health_check(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "healthcheck" not in service] == RUN_ONCE


def test_nothing_is_open_to_the_network(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_only_the_setup_knows_the_owner_and_only_the_worker_the_sources(services: dict[str, dict[str, Any]]) -> None:
    def knows(word: str) -> list[str]:
        return sorted(name for name, service in services.items() if word in str(service.get("environment", {})))

    assert knows("HEARTH_WAREHOUSE_URL_OWNER") == ["setup"]
    assert knows("AIRFLOW_CONN_HEARTH_") == ["worker"]
    assert knows("HEARTH_PSEUDONYM_KEY") == ["worker"]


def test_superset_itself_is_not_told_the_warehouse_nor_anybodys_password(services: dict[str, dict[str, Any]]) -> None:
    """The import hands the warehouse's login over, and Superset keeps it encrypted."""
    told = services["superset"]["environment"].keys()
    assert not [name for name in told if "WAREHOUSE" in name or name.startswith("HEARTH_DASHBOARDS_PASSWORD")]


@pytest.mark.parametrize(
    ("service", "folder", "package"), [("superset", "dashboards", "apache-superset"), ("spark-worker-2", "spark", "pyspark")]
)
def test_an_image_is_the_version_of_its_lock(services: dict[str, dict[str, Any]], service: str, folder: str, package: str) -> None:
    lock = (ROOT / folder / "requirements.lock").read_text(encoding="utf-8")
    locked = re.search(rf"^{package}==(\S+)", lock, re.MULTILINE)
    assert locked and services[service]["image"].endswith(f":{locked[1]}")


def test_spark_knows_the_lake_and_no_login(services: dict[str, dict[str, Any]]) -> None:
    """Every Spark service starts only when it is asked for, with the cluster's secret, and sees what the worker sees of files."""
    lake, scratch = "lake:/var/lib/hearth/lake", "spark-scratch:/var/lib/hearth/spark-scratch"
    for name in ("spark-master", "spark-worker-1", "spark-worker-2"):
        service = services[name]
        assert service["profiles"] == ["spark"] and service["volumes"] == [lake, scratch]
        assert set(service["environment"]) == {"SPARK_DAEMON_JAVA_OPTS", "_SPARK_AUTH_SECRET"}
        assert "-Dspark.authenticate=true" in service["environment"]["SPARK_DAEMON_JAVA_OPTS"]
    assert {lake, scratch} <= set(services["worker"]["volumes"])


def test_every_login_of_the_dashboards_gets_a_password(services: dict[str, dict[str, Any]]) -> None:
    from hearth.dashboards.access import Access

    given = services["superset-import"]["environment"].keys()
    assert {login.password_variable for login in Access.read(ROOT / "dashboards").logins} <= given


def test_volumes_are_declared_and_used(compose: dict[str, Any], services: dict[str, dict[str, Any]]) -> None:
    sources = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert {source for source in sources if not source.startswith(".")} == set(compose["volumes"])


def test_every_path_of_the_containers_comes_from_the_image_or_a_volume(services: dict[str, dict[str, Any]]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\S+) \./(\S+)$", dockerfile, re.MULTILINE)
    for source, target in copied:
        assert source == target
        assert (ROOT / source).exists(), f"the Dockerfile copies {source}, which is not there"
    known = {f"/opt/hearth/{target}" for _, target in copied} | {"/opt/airflow/logs", "/var/lib/hearth"}
    for name, service in services.items():
        known_here = known | {volume.split(":")[1] for volume in service.get("volumes", [])}
        for variable, value in service.get("environment", {}).items():
            for path in re.findall(r"(?<![\w:/])/(?:opt|var)/[\w/]+", str(value)):
                assert any(path == at or path.startswith(f"{at}/") for at in known_here), f"{name}: {variable}: {path}"


def test_each_connection_a_contract_names_reaches_the_worker(services: dict[str, dict[str, Any]]) -> None:
    given = services["worker"]["environment"].keys()
    for path in (ROOT / "feeds").glob("*.yml"):
        connection = yaml.safe_load(path.read_text(encoding="utf-8"))["source"]["connection"]
        assert f"AIRFLOW_CONN_{connection.upper()}" in given, f"{path.name} pulls from {connection}"


def test_the_place_names_a_seed_folder() -> None:
    assert (ROOT / "dbt_project" / "seeds" / example_settings()["HEARTH_PLACE"]).is_dir()
