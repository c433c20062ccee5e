"""The pack as a PDF: the tables of the page on paper, with the practice, the period and the page on each sheet."""

import logging
from datetime import date, datetime
from decimal import Decimal
from typing import IO

from django.conf import settings
from django.utils import timezone
from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from practices.localise import shown_for
from practices.models import Practice
from practices.templatetags.formats import day, exact
from sync.close import working
from sync.close.pack import Pack, build, period_between
from sync.close.sections import sections
from sync.close.tables import Cell, Section

FONT = "DejaVu"
FONTS = settings.BASE_DIR / "static" / "vendor" / "dejavu"
MOST_ROWS = 200
"""Rows of one list on paper; the Excel file has the others."""
MOST_TEXT = 300
INK, SOFT, LINE, BAND = (33, 37, 41), (92, 99, 97), (210, 215, 213), (240, 243, 242)

# The library tells of every letter that a font lacks; such a letter is shown as an empty box.
logging.getLogger("fpdf.output").setLevel(logging.ERROR)
logging.getLogger("fontTools").setLevel(logging.ERROR)


def write_pdf(practice: Practice, starts_on: date, ends_on: date, stream: IO[bytes]) -> None:
    """Write the pack of a period made of whole months (``ValueError`` otherwise). For the background.

    Works the figures out first where nobody did yet, which may take minutes.
    """
    now = timezone.now()
    period = period_between(practice, starts_on, ends_on)
    pack = build(practice, period, now=now, most=MOST_ROWS)
    if not pack.is_worked_out:
        working.ask(practice, now=now)
        working.work(practice.pk)
        pack = build(practice, period, now=now, most=MOST_ROWS)
    write_pack(pack, stream)


def write_pack(pack: Pack, stream: IO[bytes]) -> None:
    """Write a pack that is put together."""
    with shown_for(pack.practice):
        paper = _Paper(pack)
        for section in sections(pack):
            _table(paper, section)
        stream.write(bytes(paper.output()))


class _Paper(FPDF):
    """Landscape sheets with a head and a foot."""

    def __init__(self, pack: Pack) -> None:
        super().__init__(orientation="landscape", format="A4")
        self.pack = pack
        self.add_font(FONT, "", FONTS / "DejaVuSansCondensed.ttf")
        self.add_font(FONT, "B", FONTS / "DejaVuSansCondensed-Bold.ttf")
        self.set_title(f"{pack.practice.name}: {pack.period.label}")
        self.set_lang("en")
        self.set_margins(12, 12, 12)
        self.set_auto_page_break(auto=True, margin=16)
        self.set_draw_color(*LINE)
        self.add_page()

    def header(self) -> None:
        self.set_font(FONT, "B", 13 if self.page_no() == 1 else 9)
        self.set_text_color(*INK)
        title = f"{_text(self.pack.practice.name)}: {self.pack.period.label}"
        self.multi_cell(0, 7 if self.page_no() == 1 else 5, title, new_x="LMARGIN", new_y="NEXT")
        self.ln(1)

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FONT, "", 7.5)
        self.set_text_color(*SOFT)
        made = self.pack.figures.made_at
        as_of = f"Figures as of {exact(made)}" if made else "Figures not worked out yet"
        self.cell(0, 5, f"{as_of}. Put together {exact(self.pack.made_at)}.")
        self.set_x(self.l_margin)
        self.cell(0, 5, f"Page {self.page_no()} of {{nb}}", align="R")


def _table(paper: _Paper, section: Section) -> None:
    if paper.will_page_break(28):
        paper.add_page()
    paper.ln(2)
    paper.set_font(FONT, "B", 10.5)
    paper.set_text_color(*INK)
    paper.cell(0, 7, section.title, new_x="LMARGIN", new_y="NEXT")
    paper.set_font(FONT, "", 8)
    paper.set_text_color(*SOFT)
    left = len(section.rows) - MOST_ROWS
    notes = (*section.notes, f"{left:,} more rows are in the Excel file.") if left > 0 else section.notes
    for note in (*notes, *(() if section.rows else (section.empty,))):
        paper.multi_cell(0, 5, _text(note), new_x="LMARGIN", new_y="NEXT")
    if not section.rows:
        return
    paper.set_text_color(*INK)
    aligned = tuple("RIGHT" if column.number else "LEFT" for column in section.columns)
    with paper.table(
        col_widths=tuple(column.width for column in section.columns),
        text_align=aligned,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="BOLD", color=INK, fill_color=BAND),
        line_height=4.4,
        padding=0.7,
    ) as table:
        table.row([column.label for column in section.columns])
        # The sums stand last: they stay when rows before them are left out.
        rows = section.rows if left <= 0 else (*section.rows[: MOST_ROWS - 10], *section.rows[-10:])
        for row in rows:
            style = FontFace(emphasis="BOLD") if row.strong else None
            table.row([_shown(cell) for cell in row.cells], style=style)


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:,.2f}"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, date | datetime):
        return day(cell)
    return _text(cell)


def _text(text: str) -> str:
    """Text that fits into a cell and has nothing in it that steers a printer."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= MOST_TEXT else f"{clean[: MOST_TEXT - 1]}…"
