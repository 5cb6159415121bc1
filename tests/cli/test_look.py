"""`strate summary`, `strate info`, `--help` and `--version`."""

import subprocess
import sys

import pytest

import strate as st
from strate import cli, zoo
from strate.cli.parser import DATA_SETS, build


def test_summary(saved, capsys):
    assert cli.main(["summary", "lenet5"]) == 0
    assert capsys.readouterr().out.rstrip() == str(zoo.lenet5().summary()).rstrip()
    assert cli.main(["summary", str(saved)]) == 0
    assert "61 706" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "model"),
    [
        (["rnn_tagger"], lambda: zoo.rnn_tagger(10_000, 2, length=20)),
        (
            ["rnn_tagger", "--vocabulary", "50", "--classes", "5", "--input-shape", "7"],
            lambda: zoo.rnn_tagger(50, 5, length=7),
        ),
        (["char_rnn", "--vocabulary", "65"], lambda: zoo.char_rnn(65, length=50)),
    ],
)
def test_summary_of_models_that_read_sequences(words, model, capsys):
    assert cli.main(["summary", *words]) == 0
    assert capsys.readouterr().out.rstrip() == str(model().summary())


def test_summary_of_another_size(capsys):
    words = ["summary", "resnet20", "--classes", "7", "--input-shape", "64,64,1", "--depth", "1", "--verbose"]
    assert cli.main(words) == 0
    summary = zoo.resnet20(7, (64, 64, 1)).summary(depth=1, verbose=True)
    assert capsys.readouterr().out.rstrip() == str(summary)


@pytest.mark.parametrize("name", zoo.MODELS)
def test_summary_of_the_whole_zoo(name, capsys):
    assert cli.main(["summary", name, "--depth", "1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{name}, float32") and out.count("\n") < 60


def test_summary_of_a_file_of_any_model(capsys, tmp_path):
    path = tmp_path / "line.safetensors"
    st.Sequential([st.Dense(1)], input_shape=(3,), seed=0).save(path)
    assert cli.main(["summary", str(path)]) == 0
    assert "1  Dense" in capsys.readouterr().out


def test_info(strate):
    done = strate("info")
    assert (done.returncode, done.stderr) == (0, "")
    facts = dict(line.split(None, 1) for line in done.stdout.splitlines())
    assert facts["version"] == st.__version__
    assert st.isa() in facts["supported_isas"]
    assert "CUDA" in facts["cuda"]


def test_help_names_every_command_model_and_data_set(capsys):
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("train", "evaluate", "predict", "summary", "info"))
    assert cli.main(["train", "--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in (*zoo.MODELS, *DATA_SETS))
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"strate {st.__version__}\n"


def test_every_command_has_its_file():
    (commands,) = (action for action in build()._actions if action.dest == "command")
    for name in commands.choices:
        assert callable(__import__(f"strate.cli.{name}", fromlist=["run"]).run)


def test_help_loads_no_command():
    code = (
        "import sys, strate.cli\n"
        "strate.cli.main(['--help'])\n"
        "print(*(name for name in sys.modules if name.startswith('strate.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.splitlines()[-1].split()) == {"strate.cli.errors", "strate.cli.parser"}
