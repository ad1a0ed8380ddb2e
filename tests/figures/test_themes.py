"""Light and dark, PNG and SVG: every picture reads in both, for every eye, and carries nothing into its page."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text
from PIL import Image

from drkit import figures
from drkit.choice import sensitivity
from drkit.choice.compare import compare_topologies
from drkit.errors import ParameterError
from drkit.figures import palette
from drkit.figures.palette import ON_FILL, PALETTE, STRATEGY_LOOK, THEMES, WORDS, contrast, heat


def class_prices(comparison):
    return figures.class_prices(comparison.catalog, "aurora", "us-east-1")


def price_over_regions(comparison):
    return figures.price_over_regions(
        comparison.catalog, "AmazonElastiCache", "node/valkey/cache.r7g.large", "us-east-1"
    )


def outage_replay(comparison):
    at_home = comparison.workload.model_copy(update={"region": "us-east-1"})
    moved = compare_topologies(at_home, comparison.catalog, samples=400)
    return figures.outage_replay(moved, "2021-12-07")


def tornado(comparison):
    return figures.tornado(comparison, sensitivity.analyse(comparison, base=16))


FIGURES = Path(figures.__file__).parent

EVERY_PICTURE = (
    class_prices,
    price_over_regions,
    outage_replay,
    tornado,
    figures.architecture,
    figures.bill_treemap,
    figures.break_even,
    figures.cost_against_rto,
    figures.cost_difference,
    figures.monthly_cost,
    figures.recovery_difference,
    figures.recovery_waterfall,
    figures.region_map,
    figures.region_pairs,
    figures.rto_rpo_distribution,
    figures.strategy_panels,
    figures.wait_or_fail_over,
    figures.yearly_loss,
)

#: Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009: severity 1, on linear RGB.
_EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def lab(colour, eye):
    """CIE Lab of a colour as an eye sees it."""
    parts = np.array(to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    xyz = np.array(to_xyz) @ np.clip(np.array(_EYES[eye]) @ linear, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


# The palette ---------------------------------------------------------------------------------------------------------


def test_contrast_by_hand():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)  # WebAIM's example of just too little


@pytest.mark.parametrize("eye", _EYES)
@pytest.mark.parametrize("theme", THEMES)
def test_strategies_have_colours_that_every_eye_tells_apart(theme, eye):
    fills = {light: name for name, (light, _) in PALETTE.items()}
    shades = [getattr(PALETTE[fills[colour]], theme) for colour, _ in STRATEGY_LOOK.values()]
    for one, other in itertools.combinations(shades, 2):
        assert np.linalg.norm(lab(one, eye) - lab(other, eye)) > 12, (one, other)
    assert len({marker for _, marker in STRATEGY_LOOK.values()}) == len(STRATEGY_LOOK)


@pytest.mark.parametrize("theme", THEMES)
def test_words_read_on_what_they_are_written_on(theme):
    names = {light: name for name, (light, _) in PALETTE.items()}

    def shade(light):
        return getattr(PALETTE[names[light]], theme)

    on = {palette.PAPER, palette.PANEL, palette.SEA}
    for words, ground in itertools.product({*WORDS.values(), palette.INK, palette.SLATE}, on):
        if (words, ground) != (palette.GREY, palette.SEA):
            assert contrast(shade(words), shade(ground)) >= 4.5, (names[words], names[ground])
    for words, ground in (
        (palette.SLATE, palette.LAND),
        (palette.VERMILLION_WORDS, palette.LAND),
        (palette.INK, palette.BLOCK),
    ):
        assert contrast(shade(words), shade(ground)) >= 4.5, (names[words], names[ground])
    for fill, words in ON_FILL.items():
        assert contrast(shade(words), shade(fill)) >= 4.5, names[fill]


def test_shades_are_replaced_once_and_without_doubt():
    lights = [light.lower() for light, _ in PALETTE.values()]
    assert len(set(lights)) == len(lights)
    own = {light.lower(): dark.lower() for light, dark in PALETTE.values()}
    assert all(own.get(dark, dark) == dark for dark in own.values())


def test_no_figure_has_a_colour_of_its_own():
    for path in FIGURES.glob("*.py"):
        if path.name != "palette.py":
            found = re.findall(r'"#[0-9A-Fa-f]{6}"|"(?:white|black|gr[ae]y)"', path.read_text())
            assert not found, (path.name, found)


def test_the_heat_of_the_least_is_light_and_of_the_most_dark():
    assert lab(heat(1, [1, 2, 3]), "all cones")[0] > lab(heat(2, [1, 2, 3]), "all cones")[0] + 20
    assert lab(heat(2, [1, 2, 3]), "all cones")[0] > lab(heat(3, [1, 2, 3]), "all cones")[0] + 20
    assert heat(5, [5]) == heat(1, [1, 2])


# Every picture -------------------------------------------------------------------------------------------------------


def pixels(picture, theme):
    return np.asarray(Image.open(io.BytesIO(picture.png(theme))).convert("RGB"))


def shades_of(theme):
    """Light shades to those of a theme."""
    return {pair.light.lower(): getattr(pair, theme) for pair in PALETTE.values()}


def visible_texts(picture):
    texts = [*picture.texts, *(text for legend in picture.legends for text in legend.get_texts())]
    for axes in (one for parent in picture.axes for one in (parent, *parent.child_axes)):
        titles = [child for child in axes.get_children() if isinstance(child, Text)]
        texts += [*titles, axes.xaxis.label, axes.yaxis.label]
        texts += [*axes.get_xticklabels(), *axes.get_yticklabels()] if axes.axison else []
    return [text for text in texts if text.get_text().strip() and text.get_visible()]


@pytest.mark.slow
@pytest.mark.parametrize("draw", EVERY_PICTURE, ids=lambda draw: draw.__name__)
def test_every_text_of_every_picture_reads_in_both_themes(draw, comparisons):
    """Measured on the picture: the colour behind a text is what is there when the text is not."""
    picture = draw(comparisons["small-saas"])
    picture.canvas.draw()
    renderer = picture.canvas.get_renderer()
    texts = [(text, text.get_window_extent(renderer)) for text in visible_texts(picture)]
    for text, _ in texts:
        text.set_alpha(0)
    for theme in THEMES:
        behind = pixels(picture, theme)
        for text, box in texts:
            x0, x1 = max(0, int(box.x0)), min(behind.shape[1], int(box.x1) + 1)
            y0, y1 = max(0, int(behind.shape[0] - box.y1)), min(behind.shape[0], int(behind.shape[0] - box.y0) + 1)
            part = behind[y0:y1, x0:x1].reshape(-1, 3)
            if not len(part):
                continue
            ground, counts = np.unique(part, axis=0, return_counts=True)
            common = "#{:02x}{:02x}{:02x}".format(*ground[counts.argmax()])
            ink = to_hex(text.get_color())
            hexed = shades_of(theme).get(ink, ink)
            assert contrast(hexed, common) >= 4.5, (theme, text.get_text(), hexed, common)


@pytest.mark.slow
@pytest.mark.parametrize("draw", EVERY_PICTURE, ids=lambda draw: draw.__name__)
def test_every_picture_is_an_svg_that_stands_alone(draw, comparisons):
    picture = draw(comparisons["small-saas"])
    assert_stands_alone(picture)
    whole = picture.svg()
    left = set(re.findall(r"(?<!, )#[0-9a-f]{6}", re.sub("<style>.*?</style>", "", whole)))
    # What is coloured by its value is the same in both themes.
    by_value = {to_hex(colormaps["viridis"](level)) for level in np.linspace(0, 1, 256)}
    assert left <= (by_value if draw in (figures.region_pairs, figures.region_map) else set())


def assert_stands_alone(picture):
    whole = picture.svg()
    root = ElementTree.fromstring(whole)
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root.find(f"{space}title").text == picture.finding
    assert root.find(f"{space}desc").text == picture.explanation
    known = {element.get("id") for element in root.iter() if element.get("id")}
    assert set(root.get("aria-labelledby").split()) <= known
    assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', whole)) <= known
    assert all(name.startswith("dk") for name in known)
    assert "*{" not in whole and "<metadata" not in whole and "<?xml" not in whole
    assert not re.findall(r'(?:src|href)="https?:', whole)
    said = " ".join(element.text or "" for element in root.iter(f"{space}text"))
    assert re.search(r"drkit · snapshot \d{4}-\d\d-\d\d · [0-9a-f]{12}", said)
    return root


# One picture in all forms ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def picture(comparisons):
    return figures.monthly_cost(comparisons["article"])


def test_an_svg_stands_alone_and_its_texts_are_texts(picture):
    root = assert_stands_alone(picture)
    texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Backup and restore" in texts
    assert "USD a month" in texts
    lengths = [float(t.get("textLength")) for t in root.iter("{http://www.w3.org/2000/svg}text") if t.get("textLength")]
    assert len(lengths) > 20 and all(0 < length < 720 for length in lengths)


def test_an_svg_follows_the_readers_theme_by_variables(picture):
    whole = picture.svg()
    paper = PALETTE["paper"]
    assert f"var(--dk-paper, {paper.light.lower()})" in whole
    style = re.search(r"<style>(.*?)</style>", whole)[1]
    assert style.startswith("@media screen and (prefers-color-scheme: dark) { svg.drkit {")
    assert f"--dk-paper: {paper.dark.lower()}" in style
    used = set(re.findall(r"var\(--dk-([a-z-]+)", whole))
    assert used == set(re.findall(r"--dk-([a-z-]+):", style))
    assert used <= {name.replace("_", "-") for name in PALETTE}
    # Outside variables no colour is left that would stay light.
    assert not re.findall(r"(?<!, )#[0-9a-f]{6}", whole.replace(style, ""))


def test_a_fixed_theme_has_its_shades_and_no_variable(picture):
    dark = picture.svg("dark")
    assert "var(" not in dark and "<style" not in dark
    assert PALETTE["paper"].dark.lower() in dark
    assert PALETTE["paper"].light.lower() not in dark


@pytest.mark.slow
@pytest.mark.parametrize("draw", [figures.recovery_waterfall, figures.cost_against_rto])
def test_the_same_comparison_gives_the_same_svg(draw, comparisons):
    first, second = (draw(comparisons["eu-shop"]).svg() for _ in range(2))
    assert first == second
    # Matplotlib's own ids hold where objects lie in memory, which is the same now and then.
    ids = re.findall(r'\bid="([^"]+)"', first)
    assert ids and all(re.fullmatch(r"dk[0-9a-f]{8}-(i\d+|title|desc)", name) for name in ids)


@pytest.mark.slow
def test_two_pictures_of_a_page_share_no_id(picture, comparisons):
    other = figures.yearly_loss(comparisons["article"])
    ids = [set(re.findall(r' id="([^"]+)"', one.svg())) for one in (picture, other)]
    assert ids[0] and ids[1] and not ids[0] & ids[1]


@pytest.mark.slow
def test_an_svg_is_drawn_without_changing_the_picture(picture):
    before = picture.png()
    picture.svg()
    assert picture.png() == before


@pytest.mark.parametrize("theme", THEMES)
def test_a_png_has_the_paper_of_its_theme(picture, theme):
    paper = tuple(round(255 * part) for part in to_rgb(getattr(PALETTE["paper"], theme)))
    assert tuple(pixels(picture, theme)[1, 1]) == paper


@pytest.mark.slow
def test_a_theme_holds_within_its_block_or_from_then_on(comparisons):
    with figures.theme("dark"):
        assert figures.monthly_cost(comparisons["article"]).theme == "dark"
    assert figures.monthly_cost(comparisons["article"]).theme == "light"
    figures.theme("dark")
    try:
        dark = figures.monthly_cost(comparisons["article"])
    finally:
        figures.theme("light")
    assert dark._repr_png_()[0] == dark.png("dark") != dark.png("light")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_picture_is_saved_as_its_name_says_and_so_it_is_by_savefig(picture, kind, tmp_path):
    path = picture.save(tmp_path / f"cost.{kind}", "dark")
    expected = picture.png("dark") if kind == "png" else (picture.svg("dark") + "\n").encode()
    assert path.read_bytes() == expected
    assert [entry.name for entry in tmp_path.iterdir()] == [f"cost.{kind}"]
    picture.savefig(tmp_path / f"light.{kind}")
    content = (tmp_path / f"light.{kind}").read_bytes()
    if kind == "svg":
        texts = ElementTree.fromstring(content).iter("{http://www.w3.org/2000/svg}text")
        assert "USD a month" in ["".join(text.itertext()) for text in texts]
    else:
        saved = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        assert_alike(saved, pixels(picture, "light"))


def assert_alike(drawn, shown):
    """To an eye: 256 colours are as many as a PNG of a picture has."""
    apart = np.abs(drawn.astype(int) - shown).max(axis=2)
    assert apart.max() < 50 and (apart > 20).mean() < 0.001


def test_wrong_names_are_refused_with_what_is_allowed(picture, tmp_path):
    with pytest.raises(ParameterError, match="theme is 'sepia': it is light or dark"):
        figures.theme("sepia")
    with pytest.raises(ParameterError, match="theme is 'sepia'"):
        picture.svg("sepia")
    with pytest.raises(ParameterError, match=r"'cost.gif': the name must end in .png or .svg"):
        picture.save(tmp_path / "cost.gif")
    with pytest.raises(ParameterError, match="name a folder that exists"):
        picture.save(tmp_path / "nowhere" / "cost.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("theme", THEMES)
def test_a_png_has_the_pixels_that_were_drawn_and_says_how_large_they_are(picture, theme):
    with Image.open(io.BytesIO(picture.png(theme))) as image:
        assert (image.format, image.width) == ("PNG", 1500)
        assert image.height == pytest.approx(150 * picture.get_figheight(), abs=1)  # older versions cut it off
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.02)  # whole pixels to the metre
        assert_alike(np.asarray(picture.canvas.buffer_rgba())[:, :, :3], np.asarray(image.convert("RGB")))
