"""Every sentence of lessons and classes, in English; assets/words holds other languages."""

from collections.abc import Iterable

TOUR = "Tour"
TEACH = "Teach"
CARD = {
    "label": "Lesson",
    "count": "{at} of {of}",
    "back": "Back",
    "next": "Go on",
    "guess": "Guess",
    "done": "Done",
    "again": "From the start",
    "close": "Close",
    "covered": "The answer is covered until you have guessed.",
    "measuring": "measuring …",
    "place": "Drag the ring there, or move it by ↑ ↓ ← →, then Enter.",
    "ring": "Your guess",
    "draw": "Draw a digit",
    "clear": "Clear",
    "send": "Send",
    "yours": "your guess",
    "right": "right",
    "keys": "→ goes on, ← goes back, 1 to 5 choose.",
    "notes": "Teacher’s notes",
    "lost": "This lesson cannot be had: {why}",
    "here": "{votes} of {members} have guessed",
    "far": "The server does not answer; it is asked again.",
}

DIALOG = {
    "label": "For teachers",
    "link": "A link for your class",
    "hide": "Hide",
    "lock": "Lock",
    "lesson": "Lesson",
    "none": "none",
    "theme": "Theme",
    "themes": {"": "as the browser", "light": "light", "dark": "dark"},
    "language": "Language",
    "languages": {"": "English", "de": "Deutsch"},
    "present": "Present: full screen, the stage and one control",
    "short": "Short address",
    "copy": "Copy",
    "copied": "Copied",
    "qr": "QR code of the link",
    "bring": "Bring a lesson (JSON)",
    "brought": "“{title}” is here, with {count} stops.",
    "sheet": "Worksheet to print",
    "notes": "The same with notes",
    "class": "A class",
    "open": "Open a room",
    "close": "End it",
    "code": "Code",
    "join": "Students scan this, or open the lab, press “Teach” and give the code.",
    "follow": "Follow me: all see my view",
    "send": "Send my view once",
    "wall": "The wall",
    "erase": "Take this drawing off the wall",
    "mean": "Mean digit of the class",
    "induced": "by ⊕",
    "pixels": "of pixels",
    "cloud": "Into Latent PCA",
    "few": "Latent PCA needs at least 12 drawings; there are {count}.",
    "drawn": "{count} drawings, {members} students",
    "enter": "Join a class",
    "parts": {
        "header": "header",
        "tabs": "tabs",
        "lead": "first sentence",
        "stage": "stage",
        "numbers": "numbers",
        "controls": "controls",
        "others": "all but the stage",
        "pictures": "choice of pictures",
        "models": "choice of models",
        "own": "model of one’s own",
        "train": "training",
        "break": "“break it”",
        "meter": "proof meter",
        "python": "Python",
        "link": "link",
        "symbols": "symbols",
        "footer": "footer",
    },
}

# --- what is wrong with a file
THE_LESSON = "The lesson"
BAD_READING = "a reading is one of law, miss, or at with number, note or said"
RIGHT_OF_CHOICE = "a choice has “right”, the number of its right answer from 1; no other question has one"
PLACE_IN_PLANE = "a point is placed in Plane alone"
NO_WORDING = 'A lesson has “words”, an object with its texts by language, such as {"en": {"title": "…"}}.'


def stop(number: int) -> str:
    return f"stop {number}"


def no_object(what: str, names: Iterable[str], came: str) -> str:
    return f"{what} must be an object with some of {', '.join(names)}, got {came}."


def stranger(what: str, name: str, names: Iterable[str]) -> str:
    return f"{what} has {name}, which means nothing; it may have {', '.join(names)}."


def missing(what: str, name: str) -> str:
    return f"{what} lacks “{name}”."


def how_many_stops(most: int) -> str:
    return f"A lesson has “stops”, a list of 1 to {most}."


def twice(name: str) -> str:
    return f"Two stops are called “{name}”; each needs a name of its own."


def bad_language(came: str) -> str:
    return f"A language is two small letters, such as en, got {came}."


def unknown_text(language: str, key: str) -> str:
    return f"The wording in {language} has {key}, which belongs to no stop."


def bad_text(language: str, key: str, several: bool, most: int, longest: int) -> str:
    what = f"a list of 2 to {most} texts" if several else f"a text of up to {longest} characters"
    return f"“{key}” in {language} must be {what}."


def no_text(language: str, key: str) -> str:
    return f"The wording in {language} lacks “{key}”."


def unequal_choices(name: str) -> str:
    return f"“{name}”: its right answer must be one of its choices, and every language has as many of them."


def unread(language: str, name: str, reading: str) -> str:
    return f"The answer of “{name}” in {language} names {{{reading}}}, which none of its readings is."


def too_large(name: str, most: int) -> str:
    return f"“{name}” has more than {most // 1024} kB; a lesson is a small file of texts."


def no_text_file(name: str) -> str:
    return f"“{name}” is no text in UTF-8; save it as such."


def no_json(name: str, line: int) -> str:
    return f"“{name}” is no JSON: line {line} cannot be read."


def no_file(name: str) -> str:
    return f"there is no file “{name}”"


def of_file(name: str, why: str) -> str:
    return why if f"“{name}”" in why else f"“{name}”: {why}"


# --- requests
YOUR_FILE = "your file"
NO_LESSON = "There is no such lesson here; bring yours once more, or take “tour” or “lecture”."
NOT_JSON = "This address takes JSON, sent as application/json."


def too_many_bytes(most: int) -> str:
    return f"That is too much; up to {most // 1024} kB are taken."


def arguments(names: Iterable[str]) -> str:
    return f"The request must be an object with {', '.join(names)}."


# --- a class
NO_ROOM = "There is no room with this code; rooms end after a day. Ask your teacher for a new one."
NO_KEY = "Only who opened this room can do that."
NO_MEMBER = "This room does not know you; join it once more."
NO_ROOM_LEFT = "All rooms of this server are taken; try again in an hour."
ROOMS_BUSY = "The rooms are busy; try again in a moment."
LONG_GUESS = "That is no guess at a stop of this lesson."
DRAWING = "That is no drawing; up to 8 kB are taken."
NO_DRAWINGS = "Nobody has drawn yet."
NO_QUERY = "A link is shortened from its “?” on."
NO_ADDRESS = "A QR code takes an address, from http:// or https:// on."
WALL_FULL = "The wall is full."


def room_full(most: int) -> str:
    return f"This room is full: {most} are here."


def no_folder(folder: str, why: str) -> str:
    return f"rooms cannot be kept in {folder} ({why}); --rooms FOLDER names another"


# --- the worksheet
SHEET_NAME = "Name ________________________________    Date ________________"


def sheet_minutes(minutes: float) -> str:
    return f"({minutes:g} min)"
