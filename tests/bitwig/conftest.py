import pytest
from bitwig_host import bitwig_in_node, bitwig_in_rhino, bitwig_with_extension, built_java
from gateway_setup import served
from house_engine import Renders, house_engine


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    with house_engine(tmp_path_factory.mktemp("house")) as host:
        yield host


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        yield Renders(tmp_path_factory.mktemp("renders"), patch)


@pytest.fixture
def toy(tmp_path):
    """A quick engine, for what does not depend on its sound."""
    with served(tmp_path / "files") as host:
        yield host


@pytest.fixture(scope="session")
def _in_node():
    with bitwig_in_node() as host:
        yield host


@pytest.fixture(scope="session")
def java_parts(tmp_path_factory):
    return built_java(tmp_path_factory.mktemp("java"))


@pytest.fixture(scope="session")
def _in_rhino(java_parts):
    with bitwig_in_rhino(java_parts) as host:
        yield host


@pytest.fixture(scope="session")
def _with_extension(java_parts, tmp_path_factory):
    with bitwig_with_extension(java_parts, tmp_path_factory.mktemp("bars")) as host:
        yield host


@pytest.fixture
def bitwig(_in_node):
    """A new Bitwig, with a project that has a track Anacrusis; the script is not loaded yet."""
    _in_node.call("new")
    return _in_node


@pytest.fixture(params=["node", "rhino"])
def either(request):
    """The same, in both engines for JavaScript."""
    host = request.getfixturevalue(f"_in_{request.param}")
    host.call("new")
    return host


@pytest.fixture
def extended(_with_extension):
    """The same, with the extension in place of the script."""
    _with_extension.call("new")
    return _with_extension
