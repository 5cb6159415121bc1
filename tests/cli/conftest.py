"""What the tests of the command share."""

import subprocess
import sys

import pytest

import strate as st
from strate import cli

COMMAND = (sys.executable, "-m", "strate")


@pytest.fixture(autouse=True)
def same_threads():
    threads = st.num_threads()
    yield
    st.set_num_threads(threads)


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    """A LeNet-5 trained on the digits as `strate train lenet5` does."""
    path = tmp_path_factory.mktemp("models") / "lenet5.safetensors"
    assert cli.main(["train", "lenet5", "--save", str(path)]) == 0
    return path


@pytest.fixture
def strate():
    """Runs the command as a process of its own."""

    def run(*words, **settings):
        settings = {"capture_output": True, "text": True, "timeout": 120} | settings
        return subprocess.run([*COMMAND, *map(str, words)], **settings)

    return run


@pytest.fixture
def starts():
    """Starts the command as a process with pipes, and ends it if the test has not."""
    processes = []

    def start(*words, **settings):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        processes.append(subprocess.Popen([*COMMAND, *map(str, words)], **pipes, **settings))
        return processes[-1]

    yield start
    for process in processes:
        with process:
            process.kill()


@pytest.fixture
def refused(capsys):
    """The one line that a command writes to stderr before it ends with this status."""

    def run(words, status):
        assert cli.main(list(map(str, words))) == status
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("strate: ")
        assert err.count("\n") == 1 and err.endswith("\n")
        return err

    return run
