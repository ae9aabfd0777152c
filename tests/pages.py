"""What a page of HTML says, and what it would fetch."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """Reads a page.

    Attributes:
      text: All of its text, in one line.
      sections: The ids of its sections.
      links: What it leads to.
      fetched: What it would fetch, and each script.
    """

    def __init__(self, html: str):
        super().__init__()
        self.sections: list[str | None] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self._words: list[str] = []
        self.feed(html)
        self.text = " ".join("".join(self._words).split())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        addresses = [given[name] for name in ("src", "href") if given.get(name)]
        (self.links if tag == "a" else self.fetched).extend(addresses)
        if tag == "script":
            self.fetched.append(tag)
        if tag == "section":
            self.sections.append(given.get("id"))

    def handle_data(self, data):
        self._words.append(data)
