"""A class: rooms keep what they confirm, end, are bounded; every request is checked; a killed process loses nothing."""

import base64
import json
import math
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.lessons import classroom, rooms, routes
from app.lessons.rooms import DAY, IDLE, Rooms
from app.pictures import encoding, references

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """A clock that tests turn."""

    now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def few(tmp_path: Path, clock: Clock) -> Rooms:
    return Rooms(tmp_path / "rooms", clock, most=3)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The routes alone, on rooms of their own."""
    monkeypatch.setenv(rooms.PLACE, str(tmp_path / "rooms"))
    rooms.rooms.cache_clear()
    yield TestClient(Starlette(routes=routes.routes()), follow_redirects=False)
    rooms.rooms.cache_clear()


def asked(client: TestClient, name: str, status: int = 200, /, **content: object) -> dict:
    reply = client.post(f"/lab-class/{name}", json=content)
    assert reply.status_code == status, reply.text
    return reply.json()


# --- rooms -------------------------------------------------------------------------------------------------------
def test_guesses_are_counted_once_each(few: Rooms):
    room = few.open("tour")
    members = [few.join(room["code"].lower())["member"] for _ in range(3)]
    for member, guess in zip(members, "112"):
        few.guess(room["code"], member, "why", guess)
    few.guess(room["code"], members[0], "why", "2")  # the first one counts
    assert few.counts(room["code"], room["key"], "why") == {
        "members": 3,
        "drawn": 0,
        "bars": {"1": 2, "2": 1},
    }
    assert few.counts(room["code"], room["key"], "plus")["bars"] == {}


def test_the_class_follows(few: Rooms):
    room = few.open("tour")
    member = few.join(room["code"])["member"]
    before = few.follow(room["code"], member)["turn"]
    for _ in range(2):  # the same again is no turn
        few.lead(room["code"], room["key"], 4, "?view=plane", True)
    after = few.follow(room["code"], member)
    assert after == {"turn": before + 1, "leads": True, "stop": 4, "link": "?view=plane"}


def test_no_name_and_no_token_lies_in_the_file(few: Rooms):
    room = few.open("tour")
    member = few.join(room["code"])["member"]
    few.guess(room["code"], member, "why", "1")
    dump = "\n".join(sqlite3.connect(few.file).iterdump())
    assert room["code"] in dump and member not in dump and room["key"] not in dump


def test_a_room_ends_after_a_day_with_all_that_was_in_it(few: Rooms, clock: Clock):
    room = few.open("tour")
    member = few.join(room["code"])["member"]
    few.guess(room["code"], member, "why", "1")
    clock.now += DAY + 1
    for act in (lambda: few.join(room["code"]), lambda: few.guess(room["code"], member, "why", "1")):
        with pytest.raises(ValueError, match="no room with this code"):
            act()
    few.open("tour")
    db = sqlite3.connect(few.file)
    assert [db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("members", "guesses")] == [0, 0]


def test_rooms_are_bounded_and_an_idle_one_gives_way(few: Rooms, clock: Clock):
    first, *_ = [few.open("tour") for _ in range(3)]
    with pytest.raises(ValueError, match="All rooms of this server are taken"):
        few.open("tour")
    clock.now += IDLE + 1
    few.open("tour")
    assert sqlite3.connect(few.file).execute("SELECT count(*) FROM rooms").fetchone()[0] == 3
    assert first["code"]


def test_members_guesses_and_drawings_are_bounded(few: Rooms, monkeypatch: pytest.MonkeyPatch):
    for name, value in {"MOST_MEMBERS": 2, "MOST_STOPS": 2, "MOST_DRAWN": 100}.items():
        monkeypatch.setattr(rooms, name, value)
    room = few.open("tour")
    one, two = (few.join(room["code"])["member"] for _ in range(2))
    with pytest.raises(ValueError, match="full"):
        few.join(room["code"])
    for stop in ("a", "b"):
        few.guess(room["code"], one, stop, "1")
    for stop, guess in (("c", "1"), ("a", ""), ("a", "x" * 41)):
        with pytest.raises(ValueError, match="no guess"):
            few.guess(room["code"], one, stop, guess)
    few.draw(room["code"], one, "p" * 90)
    few.draw(room["code"], one, "q" * 95)  # takes the place of the first
    with pytest.raises(ValueError, match="wall is full"):
        few.draw(room["code"], two, "p" * 10)
    assert list(few.wall(room["code"], room["key"]).values()) == ["q" * 95]


def test_only_its_teacher_and_its_members_are_heard(few: Rooms):
    room, other = few.open("tour"), few.open("tour")
    stranger = few.join(other["code"])["member"]
    for act in (
        lambda: few.counts(room["code"], other["key"], "why"),
        lambda: few.lead(room["code"], "", 1, "", True),
        lambda: few.close(room["code"], "’" * 20),
        lambda: few.wall(room["code"], other["key"]),
        lambda: few.erase(room["code"], other["key"], "x"),
    ):
        with pytest.raises(ValueError, match="Only who opened this room"):
            act()
    for act in (
        lambda: few.guess(room["code"], stranger, "why", "1"),
        lambda: few.follow(room["code"], stranger),
        lambda: few.draw(room["code"], "", "x"),
    ):
        with pytest.raises(ValueError, match="does not know you"):
            act()
    few.close(room["code"], room["key"])
    with pytest.raises(ValueError, match="no room"):
        few.join(room["code"])


def test_its_teacher_takes_a_drawing_off_the_wall(few: Rooms):
    room, other = few.open("tour"), few.open("tour")
    members = [few.join(each["code"])["member"] for each in (room, room, other)]
    for each, member in zip((room, room, other), members):
        few.draw(each["code"], member, f"png:{member}")
    names = {picture: name for name, picture in few.wall(**room).items()}
    taken, theirs = names[f"png:{members[0]}"], next(iter(few.wall(**other)))
    for _ in range(2):  # as two clicks do
        few.erase(**room, drawing=taken)
    few.erase(**room, drawing=theirs)  # no drawing of this room
    assert list(few.wall(**room).values()) == [f"png:{members[1]}"] and len(few.wall(**other)) == 1
    assert few.counts(**room, stop="why")["drawn"] == 1
    few.draw(room["code"], members[0], "png:better")
    assert few.wall(**room)[taken] == "png:better"


def test_the_oldest_short_addresses_and_lessons_go(few: Rooms, clock: Clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rooms, "MOST_LINKS", 2)
    monkeypatch.setattr(rooms, "MOST_LESSONS", 1)
    shorts = []
    for query in ("?a=1", "?a=2", "?a=3"):
        clock.now += 1
        shorts.append(few.shorten(query))
        few.bring(f"own-{query[-1]}", "text")
    assert [few.query_of(short) for short in shorts] == [None, "?a=2", "?a=3"]
    assert few.shorten("?a=3") == shorts[2]
    assert few.brought("own-3") == "text" and few.brought("own-1") is None


def test_two_processes_share_a_room_and_threads_lose_nothing(few: Rooms, clock: Clock):
    room, other = few.open("tour"), Rooms(few.file.parent, clock)
    members = [other.join(room["code"])["member"] for _ in range(24)]

    def guess(some: list[str], store: Rooms) -> None:
        for member in some:
            store.guess(room["code"], member, "why", "1")

    threads = [threading.Thread(target=guess, args=(members[i::4], (few, other)[i % 2])) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert few.counts(room["code"], room["key"], "why")["bars"] == {"1": 24}


def test_a_file_that_was_taken_away_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """Nothing is confirmed that only a file without a name holds; the class hears that its room is gone."""
    rooms = Rooms(tmp_path / "of" / "rooms")
    code, _ = rooms.open("tour").values()
    member = rooms.join(code)["member"]
    shutil.rmtree(tmp_path / "of")
    with pytest.raises(ValueError, match="no room"):
        rooms.guess(code, member, "why", "1")
    assert "taken away" in caplog.text
    code, key = rooms.open("tour").values()
    rooms.guess(code, rooms.join(code)["member"], "why", "1")
    assert Rooms(tmp_path / "of" / "rooms").counts(code, key, "why")["bars"] == {"1": 1}
    rooms.file.unlink()  # its write-ahead log stays
    assert rooms.census() == {"open": 0, "members": 0}


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="--rooms FOLDER names another"):
        Rooms(tmp_path / "file" / "rooms")
    (tmp_path / "rooms.db").write_bytes(b"no database at all, but something else" * 100)
    with pytest.raises(ValueError, match="--rooms FOLDER names another"):
        Rooms(tmp_path)


CLASS = """
import sys
from pathlib import Path
from app.lessons.rooms import Rooms
rooms, code = Rooms(Path(sys.argv[1])), sys.argv[2]
while True:
    member = rooms.join(code)["member"]
    rooms.guess(code, member, "why", "1")
    print(member, flush=True)  # what a student is told
"""


def test_a_killed_process_loses_no_confirmed_guess(tmp_path: Path):
    store = Rooms(tmp_path)
    room = store.open("tour")
    process = subprocess.Popen(
        [sys.executable, "-c", CLASS, str(tmp_path), room["code"]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    confirmed = [process.stdout.readline() for _ in range(40)]
    process.kill()  # SIGKILL, in the middle of the next one
    confirmed += process.stdout.readlines()
    process.wait()
    again = Rooms(tmp_path)
    told = [line for line in confirmed if line.endswith("\n")]
    assert len(told) >= 40
    assert len(told) <= again.counts(room["code"], room["key"], "why")["bars"]["1"] <= len(told) + 1
    again.guess(room["code"], told[0].strip(), "plus", "1")  # and whoever was in it still is


# --- requests ------------------------------------------------------------------------------------------------------
def test_a_class_by_its_requests(client: TestClient):
    room = asked(client, "open", lesson="tour")
    joined = asked(client, "join", code=room["code"])
    assert joined["lesson"] == "tour"
    seat = {"code": room["code"], "member": joined["member"]}
    assert asked(client, "guess", **seat, stop="why", guess="3") == {"kept": True}
    assert asked(client, "counts", **room, stop="why")["bars"] == {"3": 1}
    assert asked(client, "lead", **room, stop=2, link="?view=plane", leads=True) == {"kept": True}
    assert asked(client, "follow", **seat)["stop"] == 2
    short = asked(client, "shorten", query="?view=plane&room=ABCDEF")["short"]
    reply = client.get(f"/lab-go/{short}")
    assert (reply.status_code, reply.headers["location"]) == (307, "../?view=plane&room=ABCDEF")
    assert client.get("/lab-go/..%2f..").status_code in (307, 404)
    assert client.get("/lab-go/NOTHING").headers["location"] == "../"
    code = asked(client, "code", address="http://localhost/lab-go/ABC")
    assert code["picture"].startswith("data:image/svg+xml")
    assert asked(client, "close", **room) == {"closed": True}
    assert "no room" in asked(client, "join", 400, code=room["code"])["error"]


def drawing(reference: str) -> str:
    content = encoding.png_bytes(255 - references.pixels(reference))  # dark on white, as the pad draws
    return "data:image/png;base64," + base64.b64encode(content).decode()


def test_the_mean_of_a_class_is_the_mean_of_its_latents(client: TestClient, float32: None):
    room = asked(client, "open")
    assert "Nobody has drawn" in asked(client, "mean", 400, **room)["error"]
    for reference in ("digits:318", "digits:1504", "digits:1081"):
        seat = {"code": room["code"], "member": asked(client, "join", code=room["code"])["member"]}
        asked(client, "draw", **seat, picture=drawing(reference))
    found = asked(client, "mean", **room)
    assert found["count"] == 3 and found["induced"] != found["pixels"]
    wall = list(rooms.rooms().wall(**room).values())
    space = classroom.models.model("digits").domain
    wanted = space.mean(references.tensor(wall))
    shown = np.asarray(classroom.encoding.to_pictures(wanted.reshape(1, 1, 32, 32))[0], int)
    import io

    from PIL import Image

    made = np.asarray(Image.open(io.BytesIO(base64.b64decode(found["induced"].partition(",")[2]))), int)
    assert np.abs(made - shown).max() <= 2
    shown = [each["picture"] for each in asked(client, "wall", **room)["drawings"]]
    assert shown == [references.address_of(each) for each in wall]


def test_a_brought_lesson_is_there_for_all(client: TestClient):
    text = json.dumps(
        {
            "stops": [{"id": "a", "link": "?view=plane"}],
            "words": {"en": {"title": "T", "a.title": "A", "a.says": "s"}},
        }
    )
    name = asked(client, "bring", text=text)["name"]
    rooms.rooms.cache_clear()  # another process
    assert asked(client, "lesson", name=name)["title"] == "T"
    assert asked(client, "open", lesson=name)["code"]
    assert client.get(f"/lab-sheet/{name}").status_code == 200
    assert client.get("/lab-sheet/nothing").status_code == 404
    assert client.get("/lab-sheet/tour?lang=<b>&notes=2").status_code == 200
    assert "no JSON" in asked(client, "bring", 400, text="[")["error"]


STRANGE = [
    None,
    True,
    -1,
    1e400,
    10**30,
    2.5,
    [],
    {},
    [[1]],
    {"a": 1},
    "",
    "x" * 100_000,
    "<script>",
    "\x00",
    "a\x00b",
    "\ud800",  # half of a character, which no encoding has
    "\ufb03" * 6,  # three letters each where they are capital
    "'; DROP TABLE rooms",
    "' OR 1=1 --",
    "../../etc/passwd",
]
PARTS = [(name, argument) for name, (kind, _) in routes.ASKED.items() for argument in kind.declared()]
GOOD = {
    "lesson": "tour",
    "name": "tour",
    "language": "en",
    "text": "{}",
    "query": "?a",
    "address": "http://a",
}


@pytest.mark.parametrize(("name", "argument"), PARTS)
def test_every_argument_is_checked(client: TestClient, name: str, argument: str):
    room = asked(client, "open")
    seat = asked(client, "join", code=room["code"])
    good = {**GOOD, **room, "member": seat["member"], "stop": 1 if name == "lead" else "why", "guess": "1"}
    good |= {"link": "", "leads": False, "picture": drawing("digits:318"), "drawing": "x"}
    kind = routes.ASKED[name][0]
    for value in STRANGE:
        content = {key: good[key] for key in kind.declared()} | {argument: value}
        reply = client.post(
            f"/lab-class/{name}",
            content=json.dumps(content).replace("Infinity", "1e999"),
            headers={"content-type": "application/json"},
        )
        assert reply.status_code in (200, 400), (value, reply.text)
        if reply.status_code == 400:
            said = reply.json()["error"]
            assert 5 < len(said) < 500 and "codec" not in said and "sqlite" not in said.lower()
    assert rooms.rooms().counts(**room, stop="why")["members"] >= 1


@pytest.mark.parametrize("name", routes.ASKED)
def test_what_is_no_request_of_ours_is_refused(client: TestClient, name: str):
    address = f"/lab-class/{name}"
    for content in (
        b"",
        b"[]",
        b"3",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"strange": 1}',
        b"{}" * 9,
    ):
        reply = client.post(address, content=content, headers={"content-type": "application/json"})
        if not (name == "open" and content == b"{}"):
            assert reply.status_code == 400 and reply.json()["error"]
    assert client.post(address, data={"code": "x"}).status_code == 400  # a form of another site
    assert client.get(address).status_code == 405
    many = b'{"code": "' + b"x" * 600_000 + b'"}'
    reply = client.post(address, content=many, headers={"content-type": "application/json"})
    assert reply.status_code == 400 and "too much" in reply.json()["error"]


@pytest.mark.parametrize("place", [routes.SHORT, routes.SHEET])
@pytest.mark.parametrize(
    "name",
    [
        "%00",
        "%ff%fe",
        "%ED%A0%80",
        "..%2f..%2fetc%2fpasswd",
        "'%20OR%201=1",
        "A" * 9000,
        "%3Cscript%3E",
        "tour%00",
        "../x",
    ],
)
def test_an_address_that_nobody_made_leads_nowhere(client: TestClient, place: str, name: str):
    reply = client.get(f"/{place}/{name}")
    assert reply.status_code == 404 or (place, reply.headers.get("location")) == (routes.SHORT, "../")
    assert "root:" not in reply.text and "Traceback" not in reply.text and len(reply.text) < 500


@pytest.mark.parametrize(
    "query",
    ["lang=%00", "lang=%ED%A0%80", "lang=" + "x" * 9000, "lang=%3Cscript%3E", "notes=2", "notes=", "x=1"],
)
def test_a_sheet_of_a_strange_language_is_the_english_one(client: TestClient, query: str):
    assert "Linearizer" in client.get(f"/{routes.SHEET}/lecture?{query}").text
    assert "<script" not in client.get(f"/{routes.SHEET}/lecture?{query}").text


FORGED = {
    "key": ["", "x", "é" * 40, "'; --"],
    "member": ["", "x", "é" * 40],
    "code": ["", "ABCDEF", "%", "______"],
}


@pytest.mark.parametrize(
    "name", [name for name, (kind, _) in routes.ASKED.items() if {*kind.declared()} & {*FORGED}]
)
def test_whoever_guesses_a_code_a_key_or_a_seat_is_told_no(client: TestClient, name: str):
    room, other = asked(client, "open"), asked(client, "open")
    seat = asked(client, "join", code=room["code"])
    good = {
        "stop": 1 if name == "lead" else "why",
        "guess": "1",
        "picture": drawing("digits:318"),
        "drawing": "x",
    }
    good |= {"link": "", "leads": True, **room, "member": seat["member"]}
    content = {key: good[key] for key in routes.ASKED[name][0].declared()}
    theirs = {"key": other["key"], "member": asked(client, "join", code=other["code"])["member"]}
    for argument, values in FORGED.items():
        for value in [*values, *filter(None, [theirs.get(argument)])] if argument in content else []:
            reply = client.post(f"/lab-class/{name}", json={**content, argument: value})
            assert reply.status_code == 400 and reply.json()["error"], (argument, value)
    assert rooms.rooms().counts(**room, stop="why") == {"members": 1, "drawn": 0, "bars": {}}


def test_a_disk_that_is_full_or_a_file_that_is_held_is_asked_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog
):
    room = asked(client, "open")
    seat = {"code": room["code"], "member": asked(client, "join", code=room["code"])["member"]}
    monkeypatch.setattr(rooms, "BUSY", 0.05)
    rooms.rooms.cache_clear()  # opened anew, with that patience
    asked(client, "follow", **seat)
    other = sqlite3.connect(rooms.rooms().file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "busy" in asked(client, "guess", 503, **seat, stop="why", guess="1")["error"]
    assert asked(client, "follow", **seat)["turn"] == 0  # who only reads is not held up
    other.execute("ROLLBACK")
    asked(client, "guess", **seat, stop="why", guess="1")
    monkeypatch.setattr(Rooms, "_opened", full(Rooms._opened))
    rooms.rooms.cache_clear()
    for name in ("a", "b"):  # and what had begun is undone, so that the next one is not in the middle of it
        assert asked(client, "bring", 503, text=lesson_of(200_000, name))["error"]
    assert client.get(f"/{routes.SHORT}/X").headers["location"] == "../"
    assert asked(client, "counts", **room, stop="why")["bars"] == {"1": 1}
    assert "full" in caplog.text and "Traceback" not in caplog.text


def full(opened):
    """Connections to a file that may not grow."""

    def tight(store: Rooms) -> sqlite3.Connection:
        db = opened(store)
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
        return db

    return tight


def lesson_of(length: int, name: str) -> str:
    stop = {"id": "a", "link": "?view=plane"}
    words = {"title": name, "a.title": "A", "a.says": "s"}
    return json.dumps({"stops": [stop], "words": {"en": words}}) + " " * length


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_number_that_is_none_gets_in(client: TestClient, value: float):
    room = asked(client, "open")
    content = json.dumps({**room, "stop": value})
    reply = client.post("/lab-class/lead", content=content, headers={"content-type": "application/json"})
    assert reply.status_code == 400 and "stop must be a whole number" in reply.json()["error"]


@pytest.mark.parametrize(
    "picture", ["", "data:image/png;base64,AAAA", "digits:3", "file:///etc/passwd", "jpg:AAAA"]
)
def test_a_drawing_is_a_drawing(client: TestClient, picture: str):
    room = asked(client, "open")
    seat = {"code": room["code"], "member": asked(client, "join", code=room["code"])["member"]}
    assert asked(client, "draw", 400, **seat, picture=picture)["error"]
    assert rooms.rooms().wall(**room) == {}
