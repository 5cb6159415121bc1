"""What README.md and docs/ claim is run here."""

import contextlib
import doctest
import importlib.util
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from strate import zoo

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
LECTURE = ROOT / "docs" / "lecture.md"
KERNELS = ROOT / "docs" / "kernels.md"
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
# Rounding differs from one instruction set to another, and training carries it on.
TOLERANCE = 0.03


def blocks(path, language):
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


def parts(text):
    """Words, and decimal numbers as floats."""
    words = re.split(r"(\d+\.\d+)|\s+", text)
    return [float(word) if re.fullmatch(r"\d+\.\d+", word) else word for word in words if word]


def test_the_example_of_the_readme_prints_what_it_says():
    (example,), (claimed,) = blocks(README, "python"), blocks(README, "text")
    assert len([line for line in example.splitlines() if line]) <= 13
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(example, "README.md", "exec"), {})
    said, printed = parts(claimed), parts(output.getvalue())
    assert len(said) == len(printed)
    for claim, word in zip(said, printed, strict=True):
        assert claim == (pytest.approx(word, abs=TOLERANCE) if isinstance(word, float) else word)


def test_the_readme_names_the_commands_that_everybody_needs():
    commands = "".join(blocks(README, "sh")).splitlines()
    assert commands[:2] == ["pip install .", "strate train lenet5"]
    assert 'pip install ".[test]" && pytest' in commands


PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/lecture.md", "docs/kernels.md"]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_measured_block_is_what_the_results_say():
    table = loaded(ROOT / "bench" / "peers" / "table.py")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert table.BEGIN + table.measured() + table.END in text
    assert "| LeNet-5 | 64 |" in table.measured()


@pytest.mark.parametrize(("page", "least"), [(LECTURE, 40), (KERNELS, 9)], ids=["lecture", "kernels"])
def test_the_examples_of_a_page(page, least):
    text = "".join(blocks(page, "python"))
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    assert len(test.examples) > least
    failed, _ = doctest.DocTestRunner(optionflags=OPTIONS).run(test)
    assert failed == 0


def test_the_rooflines_are_what_the_results_say():
    roofline = loaded(ROOT / "bench" / "roofline.py")
    text = KERNELS.read_text(encoding="utf-8")
    assert roofline.BEGIN + roofline.measured() + roofline.END in text


def report(isa, peak, *runs):
    context = {"date": "2026-11-24T18:00:00", "processor": "one", "isa": isa, "threads": "2"}
    context |= {"peak_gflops": peak, "copy_gigabytes_per_second": "40"}
    names = ("name", "GFLOP/s", "GB/s", "real_time")
    return {
        "context": context,
        "benchmarks": [dict(zip(names, run, strict=True), time_unit="us") for run in runs],
    }


def test_a_roofline_from_reports():
    roofline = loaded(ROOT / "bench" / "roofline.py")
    dense = report("avx2", "90", ("dense_forward/rows:8/real_time", 50.0, 0.5, 1000.0))
    relu = report("avx2", "100", ("activation_forward/n:9/real_time", 1.0, 8.0, 2000.0))
    spread = {**relu["benchmarks"][0], "aggregate_name": "cv"}
    relu["benchmarks"] += [spread, {"name": "softmax", "GB/s": 5.0}]
    result = roofline.merged([dense, relu])
    assert result["machine"]["peak_gflops"] == 100 and len(result["points"]) == 2
    product, pass_ = result["points"]
    assert (product["bytes"], product["intensity"], product["roof%"]) == (500_000, 100, 50)
    assert (pass_["bytes"], pass_["intensity"], pass_["roof%"]) == (16_000_000, 0.125, 20)
    assert "| `dense_forward` | rows:8 | 100 | 50 | 0.5 | 50 % |" in roofline.block([result])
    with pytest.raises(ValueError, match="of one machine"):
        roofline.merged([dense, report("avx512", "90")])


def test_a_picture_of_a_roofline(tmp_path):
    pytest.importorskip("matplotlib")
    roofline = loaded(ROOT / "bench" / "roofline.py")
    runs = [(f"{op}_forward/n:{n}", 1.5**n, 2.0, 10.0**n) for op in roofline.FAMILIES for n in range(20)]
    roofline.draw(roofline.merged([report("avx2", "90", *runs)]), tmp_path / "one" / "roofline.svg")
    assert 20_000 < (tmp_path / "one" / "roofline.svg").stat().st_size < 100_000


def example(name, *words):
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name, *words], capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_example_that_draws(tmp_path):
    pytest.importorskip("matplotlib")
    output = example("digits.py", tmp_path)
    assert float(output.splitlines()[-1].split("%")[0]) > 97
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits.png", "filters.png", "training.png"]


def test_the_example_of_gradient_descent(tmp_path):
    pytest.importorskip("matplotlib")
    output = example("descent.py", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["optima.png", "rosenbrock.png", "steps.png"]
    ends = re.findall(r"step (0\.\d+) +(\w+)", output)
    assert {float(step) < 0.2: test for step, test in ends} == {True: "GradientNorm", False: "Divergence"}
    fixed, _, wolfe = re.findall(r"(?:1e-3|Armijo|Wolfe) +(\d+) +\d+ +\S+ +(\S+)\n", output)[:3]
    assert fixed[0] == "10000" and int(wolfe[0]) < 3000 and float(wolfe[1]) < float(fixed[1])
    best, spent, armijo, wolfe = map(
        int, re.search(r"takes (\d+) evaluations, and (\d+) .* (\d+) and (\d+)", output).groups()
    )
    assert best <= max(armijo, wolfe) < spent / 10


def test_the_example_of_universal_approximation(tmp_path):
    pytest.importorskip("matplotlib")
    rows = example("approximation.py", tmp_path / "errors.png").splitlines()[1:]
    assert len(rows) == 6 and (tmp_path / "errors.png").stat().st_size > 10_000
    for row in rows:
        errors = [float(word) for word in row.split()[-4:]]
        assert errors == sorted(errors, reverse=True) and errors[-1] < errors[0] / 10, row


def test_the_example_with_a_layer_of_ones_own():
    output = example("own_layer.py")
    assert "right (tolerance" in output
    assert float(output.split("accuracy=")[1].rstrip(")\n")) > 0.95


def test_the_example_that_tags_words(test_data):
    output = example("tagger.py", test_data / "ner" / "ud-english-ewt")
    always, table, network = map(float, re.findall(r"(\d+\.\d)%", output))
    assert always < table < network - 2 and network > 87


def test_the_example_that_writes(test_data):
    output = example("char_rnn.py", test_data / "text" / "les-fleurs-du-mal.txt", "1")
    frequencies, before, after = map(float, re.findall(r"(\d+\.\d\d) bits per character", output))
    assert after < 4 < frequencies < 5 < 6 < before
    assert len(output.partition("after")[2]) > 300


def test_the_example_that_learns_photographs(test_data, capsys):
    """At 64x64 pixels and with one network; at 224x224 five networks take a quarter of an hour."""
    pytest.importorskip("PIL")
    example = loaded(ROOT / "examples" / "overfit_photographs.py")
    example.SIDE = 64
    x, y = example.photographs(test_data / "trashnet" / "trashnet-150.tar.gz")
    assert x.shape == (16, 64, 64, 3)
    assert np.allclose(x.mean((0, 1, 2)), 0, atol=1e-3) and np.allclose(x.std((0, 1, 2)), 1, atol=1e-3)
    assert sorted(set(y.tolist())) == [0, 1, 2, 3, 4, 5]
    assert example.overfit("alexnet", x, y, seed=0) < 0.9
    assert "after 10 steps" in capsys.readouterr().out


def test_the_example_that_finds_names(test_data):
    output = example("named_entities.py", test_data / "ner" / "wnut17", "1")
    dev, always, network = (float(score) for score in re.findall(r"F1 (\d\.\d+)", output))
    assert always == 0 < 0.1 < min(dev, network) and max(dev, network) < 0.6
    assert re.search(r"a name\?( (Yes|No)){5}\n$", output)


def test_the_example_on_mnist_is_the_recipe_of_the_command():
    text = (ROOT / "examples" / "mnist.py").read_text(encoding="utf-8")
    recipe = zoo.RECIPES["lenet5", "mnist"]
    assert f"Cosine({recipe.learning_rate}, epochs={recipe.epochs})" in text
    assert f"momentum={recipe.momentum}, weight_decay=5e-4" in text and recipe.weight_decay == 5e-4
    assert f"epochs={recipe.epochs},\n    batch_size={recipe.batch_size}," in text


def test_the_example_on_cifar10_is_the_recipe_of_the_command():
    text = (ROOT / "examples" / "cifar10.py").read_text(encoding="utf-8")
    recipe = zoo.RECIPES["resnet20", "cifar10"]
    assert f"seed=seed), {recipe.learning_rate}, {recipe.epochs})" in text
    assert f"momentum={recipe.momentum}, weight_decay=5e-4" in text and recipe.weight_decay == 5e-4
    assert f"batch_size={recipe.batch_size}," in text
    assert f"augment=st.data.{recipe.augment!r}," in text
