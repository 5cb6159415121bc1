"""The command `strate`: what it prints, writes and returns, in-process and as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

import strate as st
from strate import cli, zoo
from strate.cli.errors import one_line
from strate.cli.parser import DATA_SETS, build

COMMAND = (sys.executable, "-m", "strate")
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


@pytest.fixture(autouse=True)
def same_threads():
    threads = st.num_threads()
    yield
    st.set_num_threads(threads)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A LeNet-5 trained on the digits as `strate train lenet5` does."""
    path = tmp_path_factory.mktemp("models") / "lenet5.safetensors"
    assert cli.main(["train", "lenet5", "--save", str(path)]) == 0
    return path


def strate(*words, **settings):
    settings = {"capture_output": True, "text": True, "timeout": 120} | settings
    return subprocess.run([*COMMAND, *map(str, words)], **settings)


def refused(capsys, words, status):
    """The one line that a command wrote to stderr before it ended with this status."""
    assert cli.main(list(map(str, words))) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("strate: ")
    assert err.count("\n") == 1 and err.endswith("\n")
    return err


# Training ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "parameters"), [("lenet5", "61 706"), ("mlp", "535 818"), ("softmax", "7 850")]
)
def test_train(model, parameters):
    done = strate("train", model, "--epochs", 2, "--threads", 2)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{model}-digits: {parameters} parameters, 1 437 training images"
    assert [line[:9] for line in lines[2:4]] == ["epoch 1/2", "epoch 2/2"]
    assert lines[4].startswith("trained: 2 epochs in ")
    accuracy = float(lines[5].split()[1])
    assert lines[5].startswith("test: ") and "of 360 images" in lines[5]
    assert accuracy > 85


def test_train_is_what_the_library_does(capsys, tmp_path):
    path = tmp_path / "model.safetensors"
    assert cli.main(["train", "softmax", "--epochs", "2", "--seed", "5", "--save", str(path)]) == 0
    assert f"saved: {path}" in capsys.readouterr().out
    (x, y), _ = st.data.digits()
    model = zoo.softmax(seed=5)
    recipe = zoo.RECIPES["softmax", "digits"]
    model.fit(
        st.data.resize(x, 28),
        y,
        loss="cross_entropy",
        optimizer=replace(recipe, epochs=2).optimizer(),
        epochs=2,
        batch_size=recipe.batch_size,
        seed=5,
        verbose=0,
    )
    assert np.array_equal(np.asarray(st.load(path).theta), np.asarray(model.theta))


def test_train_takes_every_number(capsys):
    numbers = "--epochs 1 --batch-size 100 --learning-rate 0.25 --momentum 0.5 --weight-decay 0.125"
    assert cli.main(["train", "softmax", "--threads", "1", "--seed", "3", *numbers.split()]) == 0
    settings = "batches of 100, step 0.25 falling as a cosine, momentum 0.5, weight decay 0.125, seed 3"
    assert settings in capsys.readouterr().out
    assert st.num_threads() == 1


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_train_on_real_files(name, test_data, capsys):
    words = ["train", "softmax", "--data", name, "--data-dir", str(test_data / name), "--epochs", "1"]
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert "60 000 training images" in out and "of 10 000 images" in out
    assert float(out.split("test: ")[1].split()[0]) > 75


def test_a_diverging_training_is_one_line(capsys):
    words = ["train", "mlp", "--epochs", "1", "--learning-rate", "1e30"]
    assert cli.main(words) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "epoch 1" in err


def test_interrupted_training_saves_what_it_has(tmp_path):
    path = tmp_path / "half.safetensors"
    words = [*COMMAND, "train", "lenet5", "--epochs", "100000", "--save", str(path)]
    with subprocess.Popen(words, **PIPES, text=True) as process:
        while not process.stdout.readline().startswith("epoch"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"saved: {path}" in out
    assert err.startswith("strate: interrupted after ") and err.count("\n") == 1
    assert st.load(path).name == "lenet5-digits"


# Using a saved model ----------------------------------------------------------------------------


def test_evaluate(saved, capsys):
    (_, _), (x, y) = st.data.digits()
    accuracy = st.load(saved).evaluate(st.data.resize(x, 28), y).accuracy
    assert cli.main(["evaluate", str(saved)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"test: {100 * accuracy:.2f} % ({round(360 * accuracy)} of 360 images)")
    assert accuracy > 0.97


def test_evaluate_on_another_data_set(saved, test_data, capsys):
    assert cli.main(["evaluate", str(saved), "--data", "mnist", "--data-dir", str(test_data)]) == 0
    assert "of 10 000 images" in capsys.readouterr().out


def test_evaluate_enlarges_to_the_size_of_the_model(tmp_path, capsys):
    path = tmp_path / "small.safetensors"
    (x, y), _ = st.data.digits()
    model = zoo.softmax(input_shape=(8, 8, 1), seed=0)
    model.fit(x, y, loss="cross_entropy", optimizer=st.SGD(0.1), epochs=3, seed=0, verbose=0)
    model.save(path)
    assert cli.main(["evaluate", str(path), "--data", "digits"]) == 0
    assert float(capsys.readouterr().out.split()[1]) > 80
    err = refused(capsys, ["evaluate", path], 2)
    assert "softmax does not say what it was trained on: --data digits, mnist, fashion-mnist" in err


def enlarged(ink, path):
    """Saves ink in [0, 1] as a picture, dark on light paper, ten times as large."""
    image = pytest.importorskip("PIL.Image")
    page = image.fromarray((255 * (1 - np.pad(ink[..., 0], 2))).astype(np.uint8))
    page.resize((10 * page.width, 10 * page.height), image.Resampling.BICUBIC).save(path)
    return str(path)


def test_predict_recognises_pictures_of_digits(saved, tmp_path, capsys):
    _, (x, y) = st.data.digits()
    right = 0
    for ink, label in zip(x[:50], y[:50], strict=True):
        path = enlarged(ink, tmp_path / "digit.png")
        assert cli.main(["predict", str(saved), path]) == 0
        first, *bars = capsys.readouterr().out.splitlines()
        assert first.startswith(f"{path}: ")
        assert [line.split()[0] for line in bars] == list("0123456789")
        shares = [float(line.split()[1]) for line in bars]
        assert sum(shares) == pytest.approx(100, abs=0.5)
        assert first.split()[1] == str(np.argmax(shares))
        right += first.split()[1] == str(label)
    assert right >= 44


def test_predict_recognises_pictures_of_clothing(test_data, tmp_path, capsys):
    path = tmp_path / "mlp.safetensors"
    words = ["train", "mlp", "--data", "fashion-mnist", "--data-dir", str(test_data), "--epochs", "1"]
    assert cli.main([*words, "--save", str(path)]) == 0
    _, (x, y) = st.data.fashion_mnist(test_data)
    names = st.data.CLASS_NAMES["fashion-mnist"]
    capsys.readouterr()
    right = 0
    for ink, label in zip(x[:50], y[:50], strict=True):
        picture = enlarged(ink, tmp_path / "garment.png")
        assert cli.main(["predict", str(path), picture]) == 0
        right += capsys.readouterr().out.startswith(f"{picture}: {names[label]} (")
    assert right >= 35


def test_predict_draws_bars_in_ascii_where_it_must(saved, tmp_path):
    picture = enlarged(st.data.digits()[1][0][0], tmp_path / "digit.png")
    done = strate("predict", saved, picture, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii() and "####" in done.stdout


DRAWN = {
    0: lambda pen: pen.ellipse([85, 50, 215, 250], outline="black", width=26),
    1: lambda pen: pen.line([(150, 50), (150, 250)], fill="black", width=26),
    3: lambda pen: (
        pen.arc([100, 50, 200, 150], 200, 90, fill="black", width=24),
        pen.arc([90, 140, 210, 250], 270, 160, fill="black", width=24),
    ),
    7: lambda pen: pen.line([(90, 60), (210, 60), (130, 250)], fill="navy", width=30, joint="curve"),
}


@pytest.mark.parametrize("digit", DRAWN)
def test_predict_a_drawing(digit, saved, tmp_path, capsys):
    pytest.importorskip("PIL")
    from PIL import Image, ImageDraw

    page = Image.new("RGB", (300, 300), "white")
    DRAWN[digit](ImageDraw.Draw(page))
    page.save(tmp_path / "page.png")
    assert cli.main(["predict", str(saved), str(tmp_path / "page.png")]) == 0
    assert f"page.png: {digit} (" in capsys.readouterr().out


# Looking ----------------------------------------------------------------------------------------


def test_summary(saved, capsys):
    assert cli.main(["summary", "lenet5"]) == 0
    assert capsys.readouterr().out.rstrip() == str(zoo.lenet5().summary()).rstrip()
    assert cli.main(["summary", str(saved)]) == 0
    assert "61 706" in capsys.readouterr().out


def test_info():
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


# Mistakes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "COMMAND"),
        (["trian", "lenet5"], "trian"),
        (["train"], "MODEL"),
        (["train", "lenet"], "unknown model 'lenet': did you mean lenet5? (lenet5, mlp, softmax)"),
        (["train", "vgg16"], "unknown model 'vgg16': there are lenet5, mlp, softmax"),
        (["train", "lenet5", "--data", "minst"], "unknown data set 'minst': did you mean mnist?"),
        (["train", "lenet5", "--data-dir", "."], "the digits are part of strate"),
        (["train", "lenet5", "--download"], "the digits are part of strate"),
        (["train", "lenet5", "--epochs", "0"], "--epochs: a whole number from 1 on is needed; got '0'"),
        (["train", "lenet5", "--epochs", "two"], "got 'two'"),
        (["train", "lenet5", "--batch-size", "-3"], "got '-3'"),
        (["train", "lenet5", "--learning-rate", "nan"], "a number above 0 is needed; got 'nan'"),
        (["train", "lenet5", "--learning-rate", "0"], "got '0'"),
        (["train", "lenet5", "--momentum", "1"], "from 0 to below 1 is needed; got '1'"),
        (["train", "lenet5", "--weight-decay", "-1"], "a number from 0 on is needed; got '-1'"),
        (["train", "lenet5", "--threads", "0"], "argument --threads"),
        (["train", "lenet5", "--seed", "-1"], "argument --seed"),
        (["train", "lenet5", "--seed", str(1 << 63)], "argument --seed"),
        (["train", "lenet5", "--epoch", "1"], "--epoch"),
        (["summary", "lenet4"], "did you mean lenet5?"),
        (["predict", "model"], "PICTURE"),
    ],
)
def test_a_wrong_command_line_ends_with_2(words, message, capsys):
    assert message in refused(capsys, words, 2)


def test_what_does_not_exist_ends_with_1(capsys, tmp_path, saved):
    missing = tmp_path / "none.safetensors"
    for command in (["evaluate", missing], ["predict", missing, "x.png"], ["summary", missing]):
        assert f"{missing}: there is no such file" in refused(capsys, command, 1)
    assert "none.png" in refused(capsys, ["predict", saved, tmp_path / "none.png"], 1)
    err = refused(capsys, ["train", "lenet5", "--data", "mnist", "--data-dir", tmp_path], 1)
    assert "train-images-idx3-ubyte.gz" in err and str(tmp_path) in err


def test_a_picture_that_is_none_ends_with_1(capsys, tmp_path, saved):
    pytest.importorskip("PIL")
    from PIL import Image

    (tmp_path / "text.png").write_text("not a picture")
    assert "text.png: not a picture" in refused(capsys, ["predict", saved, tmp_path / "text.png"], 1)
    Image.new("L", (50, 50), 255).save(tmp_path / "blank.png")
    assert "nothing is drawn" in refused(capsys, ["predict", saved, tmp_path / "blank.png"], 1)


def test_a_file_that_is_no_model_ends_with_1(capsys, tmp_path):
    path = tmp_path / "text.safetensors"
    path.write_text("not a model, but long enough to have a header")
    assert "text.safetensors" in refused(capsys, ["evaluate", path], 1)


def test_a_model_of_other_things_is_refused(capsys, tmp_path):
    path = tmp_path / "line.safetensors"
    model = st.Sequential([st.Dense(1)], input_shape=(3,), seed=0)
    model.fit(np.eye(3), np.ones((3, 1)), loss="squared_error", optimizer=st.SGD(0.1), epochs=1, verbose=0)
    model.save(path)
    err = refused(capsys, ["evaluate", path, "--data", "digits"], 1)
    assert "grey images (28x28x1) and classes is needed; this one is 3 to 1" in err


def test_save_is_checked_before_training(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    for path, message in (
        (tmp_path / "no" / "model.safetensors", "there is no folder"),
        (tmp_path, "this is a folder"),
        (tmp_path / "file" / "model.safetensors", "there is no folder"),
    ):
        start = time.perf_counter()
        assert message in refused(capsys, ["train", "lenet5", "--epochs", "100000", "--save", path], 1)
        assert time.perf_counter() - start < 5
    assert sorted(os.listdir(tmp_path)) == ["file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_save_into_a_read_only_folder(capsys, tmp_path):
    tmp_path.chmod(0o500)
    err = refused(capsys, ["train", "lenet5", "--save", tmp_path / "model.safetensors"], 1)
    assert "cannot be written (Permission denied)" in err


def test_a_full_disk_is_one_line(capsys, monkeypatch, tmp_path):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    err = refused(capsys, ["train", "lenet5", "--save", tmp_path / "model.safetensors"], 1)
    assert "No space left on device" in err


def test_no_traceback_reaches_the_user():
    for words in (["train", "lenet"], ["evaluate", "none"], ["train", "lenet5", "--save", "/no/where"]):
        done = strate(*words)
        assert done.returncode in (1, 2)
        assert done.stdout == "" and done.stderr.count("\n") == 1


def test_a_reader_that_leaves_early_is_no_error():
    with subprocess.Popen([*COMMAND, "info"], **PIPES) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


def test_one_line():
    assert one_line(FileNotFoundError(2, "No such file", "a.png")) == "a.png: No such file"
    assert one_line(ValueError("two\n  lines")) == "two lines"
    assert one_line(MemoryError()) == "not enough memory"
    assert one_line(ValueError()) == "ValueError"
