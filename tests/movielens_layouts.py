"""A few rows in each edition's official layout, with what is odd in the real files."""

from pathlib import Path

FILES = {
    "movielens-100k": ("ml-100k", "latin-1", {
        "u.user": "1|24|M|technician|85711\n2|53|F|other|94043\n",
        "u.item": "".join(
            f"{number}|{title}|{date}||http://us.imdb.com/M|{flags}\n"
            for number, title, date, flags in (
                (1, "Toy Story (1995)", "01-Jan-1995", "0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0"),
                (2, "Misérables, Les (1995)", "01-Jan-1995",
                 "0|0|0|0|0|0|0|0|1|0|0|0|1|0|0|0|0|0|0"),
                (3, "unknown", "", "1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0"))),
        "u.data": "1\t1\t5\t881250949\n1\t2\t3\t881250950\n2\t3\t1\t881250951\n",
        "u.genre": "unknown|0\nAction|1\n",
        "README": "SUMMARY & USAGE LICENSE\n",
    }),
    "movielens-1m": ("ml-1m", "latin-1", {
        "users.dat": "1::F::1::10::48067\n2::M::56::16::70072\n",
        "movies.dat": (
            "1::Toy Story (1995)::Animation|Children's|Comedy\n"
            "2::City of Lost Children, The (Cité des enfants perdus, La) (1995)::Adventure|Sci-Fi\n"
            "3::2001: A Space Odyssey (1968)::Drama|Mystery|Sci-Fi|Thriller\n"),
        "ratings.dat": "1::1::5::978300760\n1::2::3::978302109\n2::3::1::978301968\n",
        "README": "SUMMARY\n",
    }),
    "movielens-latest-small": ("ml-latest-small", "utf-8", {
        "movies.csv": (
            "movieId,title,genres\r\n"
            "1,Toy Story (1995),Adventure|Animation|Children|Comedy|Fantasy\r\n"
            '2,"City of Lost Children, The (Cité des enfants perdus, La) (1995)",Adventure\r\n'
            '3,"""Great Performances"" Cats (1998)",Musical\r\n'
            "4,Death Note: Desu nôto (2006–2007),(no genres listed)\r\n"
            "5,Babylon 5,Sci-Fi\r\n"),
        "ratings.csv": (
            "userId,movieId,rating,timestamp\r\n"
            "1,1,4.0,964982703\r\n1,3,0.5,964981247\r\n2,4,3.5,1445714835\r\n"),
        "tags.csv": "userId,movieId,tag,timestamp\r\n2,4,dark,1445714994\r\n",
        "links.csv": "movieId,imdbId,tmdbId\r\n1,0114709,862\r\n",
        "README.txt": "Summary\r\n",
    }),
}


def write_layout(name: str, folder: Path) -> Path:
    """Writes an edition as its archive unpacks into a folder; returns the edition's own folder."""
    own, encoding, files = FILES[name]
    (folder / own).mkdir(parents=True)
    for file, text in files.items():
        (folder / own / file).write_bytes(text.encode(encoding))
    return folder / own
