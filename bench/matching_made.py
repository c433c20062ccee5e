"""Made-up clients of an accounting practice, twice: as two systems hold them, with the errors and traps of real lists.

Independent of the matcher: it knows nothing of how records are compared. Everybody here is invented. The traps are what
makes real lists hard: families at one address with one telephone, a person beside that person's own company, trust and
super fund, branches of one franchise, father and son of one name, a bookkeeper's e-mail address on many clients.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from stdnum.au import abn
from stdnum.gb import vat
from stdnum.nz import ird

from connectors.records import Address, Contact

GIVEN = (
    "Aaron Alan Alice Amara Amy Andrew Anh Anna Arjun Barbara Ben Bethany Bruce Carlos Catherine Chloe "
    "Chris Claire Colin Daniel David Deepika Diana Duncan Edward Elena Elizabeth Emma Faisal Fiona "
    "Frances Geoff George Grace Hannah Harold Hemi Huong Ian Ingrid Isla Jack James Jane Joan John Joseph "
    "Julia Julie Karen Kiri Laura Leon Liam Linda Lucy Magda Mark Mary Matthew Mei Michael Mohammed Nadia "
    "Neil Nguyet Nick Noor Oliver Olivia Patrick Paul Peter Priya Rhys Robert Rosa Ruth Samuel Sanjay "
    "Sarah Sean Sofia Stephen Stuart Susan Tane Thomas Tim Tui Ursula Victor Wei Wendy William Yasmin "
    "Yuki Zoe"
)
SURNAMES = (
    "Abbott Adams Ali Anderson Baker Barrett Bauer Bennett Brown Campbell Carter Chan Chen Clark Clarke "
    "Costa Davies Dixon Edwards Evans Ferrari Fisher Foster Fraser Garcia Gibson Graham Green Griffiths "
    "Hall Harris Harrison Hughes Hussain Ivanov Jackson Jensen Johnson Johnston Jones Kelly Khan King "
    "Kovac Kumar Lam Larsen Lee Lewis Li Macdonald Marshall Martin Mason Mcdonald Mitchell Moore Morgan "
    "Murphy Ngata Nguyen Nowak Obrien Papadopoulos Parata Parker Patel Pham Phillips Quinn Reid Richards "
    "Roberts Robinson Rossi Russell Scott Shah Sharma Singh Smith Smyth Stevens Stewart Stone Taylor Te- "
    "Aho Thompson Thomson Tran Turner Underwood Vella Walker Watson White Williams Williamson Wilson Wong "
    "Wood Wright Yang Young Zhang Ziegler"
)
STEMS = (
    "Acacia Anchor Apex Banksia Bluegum Breakwater Bright Capricorn Coastal Compass Coral Crimson Eagle "
    "Ember Evergreen Falcon Fernhill Golden Granite Harbour Highland Horizon Ironbark Jacaranda Kauri "
    "Kestrel Kowhai Lakeside Lantern Magnolia Maple Meridian Northshore Oakridge Opal Osprey Pacific "
    "Pinnacle Pioneer Quarry Redwood Riverbend Sapphire Silverleaf Southern Summit Tasman Thistle Tui "
    "Vantage Waratah Waterline Wattle Westbrook Willow"
)
TRADES = (
    "Accounting Bakery Builders Cafe Carpentry Catering Cleaning Concrete Consulting Dental Design "
    "Electrical Engineering Fencing Fitness Florist Haulage Joinery Landscaping Legal Painting "
    "Panelbeating Pharmacy Photography Physiotherapy Plumbing Printing Removals Roofing Tiling Transport "
    "Veterinary Wines"
)
STREETS = (
    "Acorn Albert Banks Beach Bourke Bridge Castle Cedar Church Clarence Collins Crown Darling Derby Duke "
    "Elgin Ferry Flinders George Glebe Grange Grey Hill Hunter Kent King Lake Lonsdale Macquarie Main "
    "Marine Mill Mitre Norfolk Ocean Park Pine Pitt Prince Queen Rathdowne Regent River Rose Royal "
    "Spencer Station Swan Tennyson Union Victoria Vine Wellington Wharf York"
)
PLACES = {
    "AU": (
        "Parramatta/2150/NSW Penrith/2750/NSW Manly/2095/NSW Geelong/3220/VIC Brunswick/3056/VIC Ballarat/3350/VIC "
        "Toowoomba/4350/QLD Cairns/4870/QLD Fremantle/6160/WA Joondalup/6027/WA Glenelg/5045/SA Hobart/7000/TAS "
        "Dubbo/2830/NSW Bendigo/3550/VIC Ipswich/4305/QLD Newcastle/2300/NSW"
    ),
    "NZ": (
        "Ponsonby/1011/Auckland Takapuna/0622/Auckland Hamilton/3204/Waikato Tauranga/3110/BOP Napier/4110/HB "
        "Petone/5012/Wellington Nelson/7010/Nelson Riccarton/8041/Canterbury Dunedin/9016/Otago"
    ),
    "GB": (
        "Leeds/LS1/Yorkshire Reading/RG1/Berkshire Exeter/EX1/Devon Stockport/SK1/Cheshire Croydon/CR0/Surrey "
        "Luton/LU1/Bedfordshire Norwich/NR1/Norfolk Bath/BA1/Somerset Derby/DE1/Derbyshire"
    ),
}
PUBLIC = ("gmail.com", "outlook.com", "icloud.com", "bigpond.com")
KINDS = ("Street", "Road", "Avenue", "Lane", "Drive", "Crescent", "Place")
SHORT_KINDS = {
    "Street": "St",
    "Road": "Rd",
    "Avenue": "Ave",
    "Drive": "Dr",
    "Crescent": "Cres",
    "Place": "Pl",
}
SHORT_NAMES = {"Robert": "Bob", "William": "Bill", "Michael": "Mike", "Elizabeth": "Liz", "Stephen": "Steve"}
SHORT_NAMES |= {"James": "Jim", "Catherine": "Kate", "Matthew": "Matt", "Thomas": "Tom", "Susan": "Sue"}


@dataclass(frozen=True, slots=True)
class Lists:
    """Two lists and which id of the left is which of the right."""

    left: list[Contact]
    right: list[Contact]
    truth: dict[str, str]
    country: str


def make(size: int, *, seed: int, country: str = "AU") -> Lists:
    """About ``size`` parties, as two systems hold them. The same seed gives the same lists."""
    return _Maker(random.Random(seed), country).lists(size)  # noqa: S311  the same each time is wanted


class _Maker:
    def __init__(self, chance: random.Random, country: str) -> None:
        self.chance = chance
        self.country = country
        self.number = 0

    def lists(self, size: int) -> Lists:
        parties: list[Contact] = []
        sorts: tuple[tuple[Callable[[], Iterator[Contact]], int], ...] = (
            (self._family, 25),
            (self._owner, 30),
            (self._company, 25),
            (self._franchise, 8),
            (self._father_and_son, 4),
            (self._through_bookkeeper, 8),
        )
        makers = [maker for maker, _ in sorts]
        weights = [weight for _, weight in sorts]
        while len(parties) < size:
            parties.extend(self.chance.choices(makers, weights)[0]())
        left: list[Contact] = []
        right: list[Contact] = []
        truth = {}
        for number, party in enumerate(parties):
            here, there = self.chance.random() < 0.85, self.chance.random() < 0.85
            if here:
                left.append(self._thinned(replace(party, external_id=f"a{number}")))
            if there:
                right.append(self._spoilt(replace(party, external_id=f"b{number}")))
            if here and there:
                truth[f"a{number}"] = f"b{number}"
        self.chance.shuffle(left)
        self.chance.shuffle(right)
        return Lists(left, right, truth, self.country)

    # the parties

    def _family(self) -> Iterator[Contact]:
        surname, home, phone = self._word(SURNAMES), self._address(), self._phone(mobile=False)
        shared = self._mail(f"the{surname.lower()}s") if self.chance.random() < 0.4 else ""
        for given in self.chance.sample(GIVEN.split(), self.chance.choice((1, 2, 2, 3, 4))):
            yield self._person(given, surname, home, phone=phone, email=shared)

    def _owner(self) -> Iterator[Contact]:
        """A person with companies, trusts and funds at the same address, with the same e-mail and telephone."""
        given, surname, home = self._word(GIVEN), self._word(SURNAMES), self._address()
        person = self._person(given, surname, home, tax=True)
        yield person
        names = (
            f"{given} {surname} Pty Ltd",
            f"{surname} Family Trust",
            f"{surname} Super Fund",
            f"{surname} Holdings Pty Ltd",
            f"{surname} {self._word(TRADES)}",
            f"The Trustee for {surname} Investment Trust",
        )
        for name in self.chance.sample(names, self.chance.choice((1, 1, 2, 3))):
            yield replace(
                person, name=self._form(name), first_name=given, last_name=surname, tax_number=self._tax()
            )

    def _company(self) -> Iterator[Contact]:
        stem, trade = self._word(STEMS), self._word(TRADES)
        style = self.chance.random()
        name = (
            f"{stem} {trade}" if style < 0.5 else f"{self._word(SURNAMES)} & {self._word(SURNAMES)} {trade}"
        )
        if style > 0.85:
            name = f"{self._word(SURNAMES)} & Sons {trade}"
        if self.chance.random() < 0.7:
            name = self._form(f"{name} Pty Ltd")
        domain = f"{stem}{trade}{self.chance.randrange(1000)}.com".lower()
        yield Contact(
            external_id="",
            name=name,
            email=f"{self.chance.choice(('accounts', 'info', 'admin'))}@{domain}",
            phone=self._phone(mobile=False),
            mobile=self._phone(mobile=True) if self.chance.random() < 0.4 else "",
            tax_number=self._tax(),
            addresses=(self._address(),),
        )

    def _franchise(self) -> Iterator[Contact]:
        stem, trade = self._word(STEMS), self._word(TRADES)
        domain, phone = f"{stem}{trade}{self.chance.randrange(1000)}.com".lower(), self._phone(mobile=False)
        head_office = self.chance.random() < 0.3
        for place in self.chance.sample(PLACES[self.country].split(), 4):
            town = place.partition("/")[0]
            yield Contact(
                external_id="",
                name=f"{stem} {trade} {town}",
                email=f"accounts@{domain}" if head_office else f"{town.lower()}@{domain}",
                phone=phone if head_office else self._phone(mobile=False),
                tax_number=self._tax(),
                addresses=(self._address(place),),
            )

    def _father_and_son(self) -> Iterator[Contact]:
        given, surname, home, phone = (
            self._word(GIVEN),
            self._word(SURNAMES),
            self._address(),
            self._phone(mobile=False),
        )
        marks = self.chance.choice((("", ""), ("", ""), (" Snr", " Jnr"), (" Senior", " Junior")))
        for mark in marks:
            one = self._person(given, surname, home, phone=phone, tax=True)
            yield replace(one, name=f"{one.name}{mark}")

    def _through_bookkeeper(self) -> Iterator[Contact]:
        """Clients of one bookkeeper, whose e-mail and telephone stand on all of them."""
        email, phone = self._mail("books"), self._phone(mobile=False)
        for _ in range(self.chance.choice((2, 3, 5))):
            if self.chance.random() < 0.5:
                yield self._person(
                    self._word(GIVEN), self._word(SURNAMES), self._address(), phone=phone, email=email
                )
            else:
                yield replace(next(self._company()), email=email, phone=phone)

    def _person(
        self, given: str, surname: str, home: Address, *, phone: str = "", email: str = "", tax: bool = False
    ) -> Contact:
        middle = f" {self._word(GIVEN)}" if self.chance.random() < 0.1 else ""
        return Contact(
            external_id="",
            name=f"{given}{middle} {surname}",
            email=email or self._mail(f"{given}.{surname}".lower()),
            phone=phone or self._phone(mobile=False),
            mobile=self._phone(mobile=True) if self.chance.random() < 0.6 else "",
            first_name=given,
            last_name=surname,
            tax_number=self._tax() if tax or self.chance.random() < 0.2 else "",
            addresses=(home,),
        )

    # their pieces

    def _word(self, words: str) -> str:
        return self.chance.choice(words.split())

    def _form(self, name: str) -> str:
        return name if self.country == "AU" else name.replace("Pty Ltd", "Limited")

    def _mail(self, name: str) -> str:
        return f"{name}{self.chance.randrange(10_000)}@{self.chance.choice(PUBLIC)}"

    def _phone(self, *, mobile: bool) -> str:
        digits = f"{self.chance.randrange(10**8):08}"
        prefix = {"AU": ("04", "02"), "NZ": ("021 ", "09 "), "GB": ("07", "0113 4")}[self.country]
        return f"{prefix[0 if mobile else 1]}{digits[: 8 if self.country == 'AU' else 7]}"

    def _tax(self) -> str:
        digits = f"{self.chance.randrange(10**8, 10**9)}"
        if self.country == "AU":
            return str(abn.format(f"{abn.calc_check_digits(digits)}{digits}"))
        if self.country == "NZ":
            while True:
                digits = f"{self.chance.randrange(10_000_000, 14_000_000)}"
                if ird.is_valid(f"{digits}{ird.calc_check_digit(digits)}"):
                    return f"{digits}{ird.calc_check_digit(digits)}"
        while True:
            digits = f"{self.chance.randrange(10**8, 10**9)}"
            if vat.is_valid(digits):
                return f"GB{digits}"

    def _address(self, place: str = "") -> Address:
        town, postcode, region = (place or self._word(PLACES[self.country])).split("/")
        unit = f"{self.chance.randrange(1, 40)}/" if self.chance.random() < 0.2 else ""
        line = f"{unit}{self.chance.randrange(1, 300)} {self._word(STREETS)} {self.chance.choice(KINDS)}"
        if self.country == "GB":
            inward = (str(self.chance.randrange(1, 10)), *self.chance.choices("ABDEFGHJLNPQRSTUWXYZ", k=2))
            postcode = f"{postcode} {''.join(inward)}"
        return Address(lines=(line,), city=town, region=region, postal_code=postcode)

    # what becomes of them on each side

    def _thinned(self, party: Contact) -> Contact:
        """One system leaves things out."""
        return replace(
            party,
            email=self._kept(party.email, 0.9),
            phone=self._kept(party.phone, 0.8),
            mobile=self._kept(party.mobile, 0.7),
            tax_number=self._kept(party.tax_number, 0.7),
            addresses=party.addresses if self.chance.random() < 0.9 else (),
            status="ACTIVE",
        )

    def _spoilt(self, party: Contact) -> Contact:
        """The other one leaves things out too, and spells them in its own way."""
        out = self._thinned(party)
        changed = replace(out, name=self._name(out), phone=self._respelled_phone(out.phone))
        if changed.email and self.chance.random() < 0.08:
            changed = replace(changed, email=self._typo(changed.email))
        if changed.addresses:
            address = (
                self._address() if self.chance.random() < 0.12 else self._respelled(changed.addresses[0])
            )
            changed = replace(changed, addresses=(address,))
        return changed

    def _kept(self, value: str, chance: float) -> str:
        return value if self.chance.random() < chance else ""

    def _name(self, party: Contact) -> str:
        name = party.name
        is_person = (
            bool(party.first_name) and name.startswith(party.first_name) and name.endswith(party.last_name)
        )
        roll = self.chance.random()
        if is_person and roll < 0.3:
            return self._person_name(party)
        if not is_person and roll < 0.4:
            return self._company_name(name)
        return self._typo(name) if roll > 0.88 else name

    def _person_name(self, party: Contact) -> str:
        given, surname = party.first_name, party.last_name
        return self.chance.choice(
            (
                f"{surname}, {given}",
                f"{surname} {given}",
                f"{SHORT_NAMES.get(given, given)} {surname}",
                f"{given[0]} {surname}",
                f"Mr {given} {surname}",
                f"{given} {surname}".upper(),
            )
        )

    def _company_name(self, name: str) -> str:
        options = [
            name.replace("&", "and"),
            name.replace("Pty Ltd", "Pty Limited").replace("Limited", "Ltd"),
            name.replace(" Pty Ltd", "").replace(" Limited", ""),
            name.replace("Pty Ltd", "P/L"),
            name.upper(),
            name if name.startswith("The ") else f"The {name}",
            f"{self._word(STEMS)} Enterprises Pty Ltd T/A {name}",
            f"{name} t/a {self._word(STEMS)} {self._word(TRADES)}",
        ]
        return self.chance.choice(options)

    def _respelled_phone(self, value: str) -> str:
        if not value or self.chance.random() < 0.5:
            return value
        code = {"AU": "+61", "NZ": "+64", "GB": "+44"}[self.country]
        return (
            f"{code} {value[1:]}" if self.chance.random() < 0.6 else f"({value[:2]}) {value[2:6]} {value[6:]}"
        )

    def _respelled(self, address: Address) -> Address:
        line = address.lines[0]
        if self.chance.random() < 0.4:
            for kind, short in SHORT_KINDS.items():
                line = line.replace(kind, short)
        if self.chance.random() < 0.1:
            line = self._typo(line)
        city = self._typo(address.city) if self.chance.random() < 0.05 else address.city
        postcode = "" if self.chance.random() < 0.07 else address.postal_code
        return replace(address, lines=(line,), city=city, postal_code=postcode)

    def _typo(self, text: str) -> str:
        """One slip of the keyboard."""
        place = self.chance.randrange(1, max(2, len(text) - 1))
        letter = self.chance.choice("abcdefghijklmnopqrstuvwxyz")
        return self.chance.choice(
            (
                text[:place] + text[place + 1 :],
                text[:place] + letter + text[place:],
                text[:place] + letter + text[place + 1 :],
                text[:place] + text[place : place + 2][::-1] + text[place + 2 :],
            )
        )


def columns(contact: Contact) -> dict[str, Any]:
    """A record as a line of the documented CSV form."""
    address = contact.addresses[0] if contact.addresses else Address()
    return {
        "id": contact.external_id,
        "name": contact.name,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "email": contact.email,
        "phone": contact.phone,
        "mobile": contact.mobile,
        "tax_number": contact.tax_number,
        "street": ", ".join(address.lines),
        "city": address.city,
        "region": address.region,
        "postcode": address.postal_code,
        "country": address.country,
    }
