"""What is known of a column before anybody says what it means, its name's hints included."""

import re
from dataclasses import dataclass

from schemas.tags import DERIVED, HISTORIES, LAYERS, UNSEEN, VOCABULARIES

BYTES, INT, FLOAT = "BYTES", "INT", "FLOAT"
_USER = (r"user|customer|member|visitor|account|client|buyer|shopper|subscriber|reader|listener"
         r"|viewer|reviewer|person|uid|cust|who|用户|顾客|客户|会员|买家|读者")
_ITEM = (r"item|product|prod|movie|film|track|article|sku|song|isbn|asin|book|goods|game|recipe"
         r"|course|listing|content|video|restaurant|business|show|album|artist|iid|what"
         r"|商品|物品|产品|电影|图书|书籍|歌曲|文章")
_KEY = r"(s?_?(id|ids|no|nr|num|number|code|key|uuid|guid|13|10|编号|号|标识)|s)?"
# What drafts and advice call a history, by the role of what it repeats.
HISTORY_COLUMNS = {"item_id": "history_items", "timestamp": "history_times"}
ROLES = {"user_id": (_USER, _KEY), "item_id": (_ITEM, _KEY)}

_HINTS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in {
    "time": r"(^|_)(time|timestamp|datetime|date|at|ts|when|created|occurred|unixtime|zeit|datum)"
            r"(_|$)|timestamp|时间|日期",
    "event": r"(^|_)(event|action|type|behaviou?r|activity|interaction|verb|kind)(_|$)|行为|事件",
    "rating": r"(^|_)(rating|ratings|rate|stars?|scores?|grade|points|mark|overall)(_|$)"
              r"|评分|打分|星级",
    "like": r"^(is_|has_)?(like|liked|likes|favou?rite|favou?rited)$|喜欢|点赞",
    "count": r"(^|_)(quantity|qty|count|amount|number|num|n|age|year|month|day|hour|week|weekday"
             r"|position|rank|page|price|cost|size|level|menge|anzahl|preis|数量|价格|年龄)(_|$)",
    "trait": r"(^|_)(gender|sex|male|female|age|member|premium|mobile|device|weekend|train|test"
             r"|valid|split|fold|性别)(_|$)",
    "code": r"(^|_)(id|ids|code|type|class|category|categories|genre|group|zone|status|brand|kind"
            r"|label|cluster|segment|dept|department|region|flag|类别|类型|编号)(_|$)",
    "aggregate": r"(^|_)(ratings?|scores?)(_|$)|popularity|votes?(_|$)|likes(_|$)|views(_|$)"
                 r"|plays(_|$)|downloads|reviews(_|$)|sold|sales",
    "text": r"title|name|description|summary|about|text|overview|plot|body|headline|comment"
            r"|标题|名称|名字|简介|描述|内容|书名|评论",
    "personal": r"e?_?mail(_|$)|phone|mobile_(no|number)|(^|_)(tel|fax)(_|$)|street|address"
                r"|(^|_)zip(_|$|code)|post_?(al_?)?code|plz|first_?name|last_?name|full_?name|surname|user_?name"
                r"|nick_?name|birth|(^|_)dob(_|$)|passport|(^|_)ssn(_|$)|iban|credit_?card"
                r"|(^|_)ip(_|$)|姓名|电话|手机|邮箱|地址|邮编|生日|身份证",
}.items()}
_PERSON = re.compile(r"^(name|姓名|名字)$", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Not the ids and the time of a request: they are what a column of that name most likely is.
_TAKEN = DERIVED | VOCABULARIES | UNSEEN | LAYERS


@dataclass(frozen=True)
class Column:
    """The facts of one column, from a sample of its table's rows.

    Attributes:
      name: The name that the schema can use.
      given: The name in the file.
      kind: `"BYTES"`, `"INT"` or `"FLOAT"`, by the values.
      rows: Rows of the sample.
      present: Rows with a value.
      distinct: Number of different values.
      complete: The sample is the whole table.
      listed: A row may hold several values.
      most: Most values in a row.
      minimum: Smallest number, `None` where the values are none.
      maximum: Largest number.
      whole: The values are whole numbers, however they are written.
      words: Words of a value, on average; a Chinese or Japanese character is a word.
      parts: What blanks separate in a value, on average.
      values: The different values as text, sorted, where there are few; else empty.
      keys: The different values as text, to find them again in another table; of media, the paths.
      forms: What at least four values of five look like: `"mail address"`,
        `"phone number"`, `"url"`, `"network address"`.
      moments: Earliest and latest value in seconds since 1970, where all are moments.
      dates: The moments are written as dates, not as numbers.
      media: `"image"`, `"audio"` or `"video"`, where the values are such files or paths of them.
      media_fault: Why ingest cannot read them, as a sentence, or `None` where it can.
      notes: What else a person should know, one sentence each.
    """

    name: str
    given: str
    kind: str
    rows: int
    present: int
    distinct: int
    complete: bool = True
    listed: bool = False
    most: int = 1
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    words: float = 1.0
    parts: float = 1.0
    values: tuple[str, ...] = ()
    keys: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    moments: tuple[int, int] | None = None
    dates: bool = False
    media: str | None = None
    media_fault: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def number(self) -> bool:
        """Whether the values are numbers."""
        return self.kind != BYTES

    @property
    def scale(self) -> tuple[float, ...]:
        """The different numbers, ascending, where there are few; else empty."""
        return tuple(sorted(float(value) for value in self.values)) if self.number else ()

    @property
    def zero_or_one(self) -> bool:
        """Whether the values are 0 and 1 and nothing else, both of them."""
        return self.scale == (0.0, 1.0) and not self.listed

    @property
    def seldom_repeats(self) -> bool:
        """Whether most rows have a value of their own."""
        return self.distinct > 0.5 * self.present


def can_identify(column: Column) -> bool:
    """Returns whether a column could name something: one text or whole number in almost any row.

    A text may be long or the path of a picture: what says that it is an id are the same values in
    another table.
    """
    return (
        column.present >= 0.9 * column.rows > 0
        and not column.listed and not column.dates and (not column.media or bool(column.keys))
        and (column.kind == BYTES or column.whole) and not column.zero_or_one
    )


def suggests_identity(column: Column) -> bool:
    """Returns whether a column could name something by its looks as well: its values are short."""
    return can_identify(column) and column.parts <= 2


def words(name: str) -> str:
    """Returns a name in one form: `customerId`, `Customer ID` and `customer-id` are one."""
    return re.sub(r"\W+|_+", "_", _HUMP.sub("_", name.strip())).strip("_").lower()


def hints_at(name: str, what: str) -> bool:
    """Returns whether a name hints at a meaning, such as `"time"` or `"personal"`."""
    return bool(_HINTS[what].search(words(name)))


def names_a_person(name: str) -> bool:
    """Returns whether a column of users that has this name holds what people are called."""
    return hints_at(name, "personal") or bool(_PERSON.match(words(name)))


def role_hint(name: str, role: str) -> float:
    """Returns how much a name sounds like a role: 1 `customer_id`, 0.5 `customer_city`, else 0."""
    who, key = ROLES[role]
    joined = words(name)
    if re.fullmatch(f"({who}){key}", joined):
        return 1.0
    return 0.5 if re.search(who, joined) else 0.0


def usable(name: str, position: int, taken: set[str]) -> str:
    """Returns a name that a schema, a graph and a label can bear.

    Args:
      name: The name in the file.
      position: The column's place, from 1 on, for a name without any Latin letter that hints at
        no role.
      taken: Names that are in use.

    Returns:
      The name itself where it can stay; else its ASCII letters, digits and single underscores.
    """
    plain = re.sub(r"_{2,}", "_", re.sub(r"[^A-Za-z0-9_]+", "_", name.strip())).strip("_")
    if not re.search("[A-Za-z]", plain):
        plain = _role_named(name) or f"column_{position}"
    elif plain[0].isdigit() or plain in _TAKEN or plain.startswith(HISTORIES):
        plain = f"column_{plain}"
    return unused(plain, taken)


def _role_named(name: str) -> str | None:
    if hints_at(name, "time"):
        return "timestamp"
    return next((role for role in ROLES if role_hint(name, role) == 1.0), None)


def unused(name: str, taken: set[str]) -> str:
    """Returns the name, with a number where it is taken, and takes it."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free
