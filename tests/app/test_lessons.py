"""Lessons: those that ship are complete and their links open; what is wrong with a file is one sentence; languages."""

import copy
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app import shell
from app.lessons import files, languages, sheet, shelf
from app.lessons.files import lesson_of
from app.lessons.parts import EMPTIED, PARTS, PRESENT
from app.settings import query_of
from app.views import VIEWS

ROOT = Path(__file__).resolve().parents[2]
LESSONS = [(name, files.shipped(name)) for name in files.SHIPPED]
STOPS = [(f"{name}-{stop.id}", lesson, stop) for name, lesson in LESSONS for stop in lesson.stops]
GOOD = {
    "minutes": 5,
    "stops": [
        {
            "id": "one",
            "link": "?view=plane",
            "question": "choice",
            "right": 1,
            "readings": {"error": {"law": "linearity"}},
        }
    ],
    "words": {
        "en": {
            "title": "T",
            "one.title": "One",
            "one.says": "s",
            "one.ask": "a?",
            "one.choices": ["x", "y"],
            "one.answer": "it is {error}",
        }
    },
}


# --- those that ship -----------------------------------------------------------------------------------------
def test_a_tour_and_a_lecture_ship():
    tour, lecture = (files.shipped(name) for name in ("tour", "lecture"))
    assert 7 <= len(tour.stops) <= 10 and 5 <= tour.minutes <= 10
    assert lecture.minutes == 45 == sum(stop.minutes for stop in lecture.stops)
    for stop in lecture.stops:
        assert lecture.word(f"{stop.id}.notes", "en") and lecture.word(f"{stop.id}.sheet", "en")


def test_every_language_says_all_of_the_tour_and_the_page():
    tour = files.shipped("tour")
    assert set(tour.words["de"]) == set(tour.words["en"])
    assert languages.languages() == ["en", "de"]
    assert languages.missing("de") == [], "these are not said in German"
    assert set(languages.said("de")) <= set(languages.english()), "these belong to nothing"


@pytest.mark.parametrize("first", languages.SAID)
def test_what_is_to_be_said_is_there(first: str):
    module, names = languages.SAID[first]
    assert [name for name in names if not hasattr(module, name)] == []


def test_what_a_language_does_not_say_falls_back():
    lesson = files.shipped("lecture")
    assert (lesson.told("de")["language"], files.shipped("tour").told("de")["language"]) == ("en", "de")
    for name, language in (
        ("lecture", "en"),
        ("tour", "de"),
    ):  # read aloud, and broken into lines, as what it is
        assert f'<html lang="{language}">' in sheet.page(sheet.Asked(name, "de"))
    assert lesson.told("de")["stops"][0]["title"] == lesson.told("en")["stops"][0]["title"] != ""
    assert files.shipped("tour").told("de")["stops"][0]["title"] == "Warum linear?"


@pytest.mark.parametrize("key", languages.english())
def test_a_sentence_keeps_its_placeholders(key: str):
    fields = [set(re.findall(r"\{\w+\}", text[key])) for text in (languages.english(), languages.said("de"))]
    assert fields[0] == fields[1]


@pytest.mark.parametrize(("name", "lesson", "stop"), STOPS, ids=[name for name, *_ in STOPS])
def test_the_links_of_a_stop_are_read_whole_and_written_the_same(name, lesson, stop):
    for link in filter(None, (stop.link, stop.then)):
        query = query_of(link)
        view = next(view for view in VIEWS if query["view"] == view.SLUG)
        module = __import__(f"{view.__name__}.standing", fromlist=["x"])
        standing, whole = module.Standing.of_link(query)
        assert whole
        told = query_of(standing.link(view.SLUG))
        assert {k: v for k, v in query.items() if k != "broken" and told.get(k) != v} == {}
    assert not any(re.search(r"\d[.·]\d+·10|10⁻", str(lesson.word(f"{stop.id}.answer", "en"))) for _ in [0])


def test_every_part_is_one_of_the_page():
    ids, classes = set(), set()
    for block in shell.build_app().blocks.values():
        ids.add(getattr(block, "elem_id", None))
        classes.update(getattr(block, "elem_classes", None) or ())
    for name in {"train", "python", "link", "meter", "break", "symbols", "pictures", "models"}:
        known = re.findall(r"\[id\$='([^']+)'\]|#([\w-]+)", PARTS[name])
        assert any(str(i or "").endswith(end or exact) for i in ids for end, exact in known), name
    assert (
        set(PRESENT) <= set(PARTS)
        and set(EMPTIED) <= set(PARTS)
        and any("lab-first" in name for name in classes)
    )


# --- files -----------------------------------------------------------------------------------------------------
def changed(path: str, value: object) -> dict:
    """GOOD with the value at a path such as "stops.0.id"."""
    found = copy.deepcopy(GOOD)
    *way, last = path.split("/")
    at = found
    for key in way:
        at = at[int(key) if key.isdigit() else key]
    at[int(last) if last.isdigit() else last] = value
    return found


def test_a_lesson_of_ones_own_is_read():
    lesson = lesson_of(GOOD)
    assert lesson.told("fr")["stops"][0]["choices"] == ["x", "y"]
    assert lesson.told("en")["stops"][0]["readings"] == {"error": {"law": "linearity"}}


BAD = [
    ("minutes", math.nan, "minutes must be"),
    ("minutes", 1e9, "minutes must be"),
    ("stops", [], "a list of 1 to 40"),
    ("stops", "many", "a list of 1 to 40"),
    ("stops", [GOOD["stops"][0]] * 41, "a list of 1 to 40"),
    ("stops", [GOOD["stops"][0]] * 2, "Two stops are called “one”"),
    ("stops/0", 7, "stop 1 must be an object"),
    ("stops/0/id", "<b>", "id must be a name"),
    ("stops/0/id", "x" * 10_000, "id must be a name"),
    ("stops/0/quesion", 1, "stop 1 has 'quesion'"),
    ("stops/0/link", "?view=nowhere", "link must be a link"),
    ("stops/0/link", "javascript:alert(1)", "link must be a link"),
    ("stops/0/link", "https://example.org/?view=plane", "link must be a link"),
    ("stops/0/link", "?view=plane&x=" + "1" * 5000, "link must be a link"),
    ("stops/0/then", ["?view=plane"], "then must be"),
    ("stops/0/hide", ["everything"], "hide must be"),
    ("stops/0/question", "oral", "question must be one of"),
    ("stops/0/question", "draw", "a choice has “right”"),
    ("stops/0/right", 9, "right must be"),
    ("stops/0/right", 3, "its right answer must be one of its choices"),
    ("stops/0/right", True, "right must be"),
    ("stops/0/readings", {"error": {}}, "a reading is one of"),
    ("stops/0/readings", {"error": {"at": "a", "number": 1, "note": 2}}, "a reading is one of"),
    ("stops/0/readings", {"error": {"at": "x y {}", "number": 1}}, "at must be"),
    ("stops/0/readings", {"other": {"law": "l"}}, "names {error}"),
    ("stops/0/readings", [1], "readings must be an object"),
    ("words", {}, "has “words”"),
    ("words", {"english": {}}, "two small letters"),
    ("words", {"en": 3}, "has “words”"),
    ("words/en/title", "", "“title” in en must be a text"),
    ("words/en/title", "x" * 3000, "“title” in en must be a text"),
    ("words/en/two.title", "x", "belongs to no stop"),
    ("words/en/one.choices", "x", "a list of 2 to 5 texts"),
    ("words/en/one.choices", ["x"], "a list of 2 to 5 texts"),
    ("words/de", {"one.choices": ["a", "b", "c"]}, "every language has as many"),
    ("scripts", ["x.js"], "has 'scripts'"),
]


@pytest.mark.parametrize(
    ("path", "value", "sentence"), BAD, ids=[f"{p}-{i}" for i, (p, *_) in enumerate(BAD)]
)
def test_what_is_wrong_is_one_sentence(path: str, value: object, sentence: str):
    with pytest.raises(ValueError, match=re.escape(sentence)) as found:
        lesson_of(changed(path, value))
    assert len(str(found.value)) < 500 and "\n" not in str(found.value)


@pytest.mark.parametrize("value", [None, [], 3, "x", {"stops": None}, {"words": 1}])
def test_what_is_no_lesson_is_refused(value: object):
    with pytest.raises(ValueError, match=r"lesson"):
        lesson_of(value)


@pytest.mark.parametrize(
    "missing", ["title", "one.title", "one.says", "one.ask", "one.choices", "one.answer"]
)
def test_the_first_language_is_complete(missing: str):
    found = copy.deepcopy(GOOD)
    del found["words"]["en"][missing]
    with pytest.raises(ValueError, match=re.escape(f"lacks “{missing}”")):
        lesson_of(found)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no JSON: line 1"),
        (b"{\n}}", "no JSON: line 2"),
        (b"\xff\xfe{}", "no text in UTF-8"),
        (b"[" * 100_000, "no JSON"),
        (b" " * 300_000, "more than 256 kB"),
        (b'{"minutes": NaN, "stops": [], "words": {}}', "a list of 1 to 40"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes, sentence: str):
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(sentence)) as found:
        files.read(path)
    assert "mine.json" in str(found.value)


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path):
    for path in (tmp_path / "no.json", tmp_path):
        with pytest.raises(ValueError, match="there is no file"):
            files.read(path)


def test_wording_beside_a_file_joins_it(tmp_path: Path):
    (tmp_path / "mine.json").write_text(json.dumps({k: GOOD[k] for k in ("minutes", "stops")}))
    (tmp_path / "mine.en.json").write_text(json.dumps(GOOD["words"]["en"]))
    (tmp_path / "mine.de.json").write_text(json.dumps({"title": "Titel"}))
    lesson = files.read(tmp_path / "mine.json")
    assert lesson.word("title", "de") == "Titel" and lesson.word("one.says", "de") == "s"


def test_the_server_starts_with_no_bad_lesson(tmp_path: Path):
    path = tmp_path / "mine.json"
    path.write_text("{}")
    command = [sys.executable, "-m", "app", "--lesson", str(path), "--rooms", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 2
    assert done.stderr.strip() == "python -m app: “mine.json”: A lesson has “stops”, a list of 1 to 40."


def test_a_name_in_a_link_is_made_of_the_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    path = tmp_path / "My Lesson.json"
    path.write_text(json.dumps(GOOD))
    monkeypatch.setenv(shelf.STARTED_WITH, str(path))
    shelf.own.cache_clear()
    try:
        assert shelf.names() == ["my-lesson", "tour", "lecture"]
        assert shelf.told(shelf.Wanted("my-lesson"))["title"] == "T"
    finally:
        monkeypatch.undo()
        shelf.own.cache_clear()


# --- the worksheet ---------------------------------------------------------------------------------------------
def test_a_worksheet_has_every_question_and_no_answer():
    lesson = files.shipped("lecture")
    plain, noted = (sheet.page(sheet.Asked("lecture", notes=notes)) for notes in (False, True))
    for stop in lesson.stops:
        assert lesson.word(f"{stop.id}.title", "en") in plain
        assert "Ask first what linearity buys" not in plain
    assert "Ask first what linearity buys" in noted and "break-inside: avoid" in plain
    assert "{error}" not in plain


def test_no_text_of_a_lesson_becomes_markup():
    value = copy.deepcopy(GOOD)
    hostile = "<script>alert(1)</script>"
    value["words"]["en"] |= {"title": hostile, "one.says": hostile, "one.choices": [hostile, "y"]}
    page = sheet._stop(lesson_of(value), lesson_of(value).stops[0], 1, "en", True)
    assert "<script>" not in page and "&lt;script&gt;" in page
