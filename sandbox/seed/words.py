"""Word lists that names are put together from. Every combination is invented."""

PLACES = (
    "Banksia", "Wattle", "Harbour", "Tidewater", "Ironbark", "Saltbush", "Copper", "Lantern", "Quarry",
    "Willow", "Kestrel", "Bluestone", "Driftwood", "Meridian", "Cassowary", "Bottlebrush", "Sandpiper",
    "Granite", "Lorikeet", "Paperbark", "Redgum", "Headland", "Millpond", "Jacaranda", "Windmill", "Cobalt",
    "Brolga", "Gumnut", "Southerly", "Stringybark", "Yarrabend", "Coolabah", "Mulga", "Seagrass", "Tramway",
    "Wharf", "Orchard", "Beacon", "Currawong", "Ferntree", "Marlin", "Northgate", "Opal", "Pelican",
    "Quoll", "Riverbend", "Silverton", "Tallowood", "Verandah", "Waratah",
)  # fmt: skip
NZ_PLACES = (
    "Kauri", "Rimu", "Totara", "Pohutukawa", "Fantail", "Tui", "Kea", "Southern Alps", "Harakeke", "Kowhai",
    "Puriri", "Matai", "Rata", "Takahe", "Pukeko", "Weka", "Karaka", "Manuka", "Ponga", "Toetoe", "Huia",
    "Kahurangi", "Long Cloud", "Black Sand", "Greenstone", "Tussock", "Braided River", "Glowworm",
)  # fmt: skip
SECONDS = (
    "Lane", "Ridge", "Creek", "Bay", "Hill", "Grove", "Point", "Street", "Park", "Vale", "Court", "Crossing",
    "Gate", "Terrace", "Field", "Brook", "Cove", "Track", "Bend", "Rise",
)  # fmt: skip
TRADES = (
    "Plumbing", "Dental", "Electrical", "Joinery", "Bakery", "Physiotherapy", "Landscapes", "Logistics",
    "Engineering", "Marine", "Vineyards", "Roofing", "Pharmacy", "Motors", "Hospitality", "Design",
    "Earthmoving", "Veterinary", "Refrigeration", "Childcare", "Constructions", "Consulting", "Fitness",
    "Orthodontics", "Printing", "Robotics", "Textiles", "Tours", "Media", "Surveying", "Optical", "Boats",
    "Cabinets", "Café", "Nurseries", "Pastoral", "Software", "Stonework", "Transport", "Wholesale",
)  # fmt: skip
COMPANY_ENDS_AU = (
    ("Pty Ltd", 70), ("Pty. Ltd.", 6), ("Pty Limited", 6), ("P/L", 4),
    ("Holdings Pty Ltd", 10), ("Limited", 4),
)  # fmt: skip
COMPANY_ENDS_UK = (("Ltd", 60), ("Limited", 25), ("LLP", 8), ("Holdings Ltd", 7))
COMPANY_ENDS_NZ = (("Limited", 70), ("Ltd", 20), ("Holdings Limited", 10))
FIRST_NAMES = (
    "Mina", "Priya", "Callum", "Thuy", "Nadia", "Hamish", "Leila", "Marcus", "Ingrid", "Tane", "Rosa",
    "Declan", "Amara", "Jun", "Freya", "Oscar", "Bianca", "Rafael", "Sunita", "Gareth", "Yusuf", "Chloe",
    "Piotr",
    "Aroha", "Liam", "Mei", "Dominic", "Fatima", "Stefan", "Keira", "Vikram", "Elena", "Angus", "Sione",
    "Harriet", "Tomás", "Zara", "Bruno", "Isla", "Kenji", "Maeve", "Anton", "Lucia", "Ravi", "Wren", "Noel",
    "Salma", "Fergus", "Odette", "Caleb",
)  # fmt: skip
LAST_NAMES = (
    "Okafor", "Lane", "Nguyen", "Whitfield", "Raman", "Fraser", "Costa", "Haddad", "Lindqvist", "Tamihana",
    "Marchetti", "O'Hara", "Petrov", "Sharma", "Van Dyk", "McAllister", "Silva", "Tanaka", "Beaumont",
    "Kowalski", "Ahmed", "Brannigan", "Duarte", "Eriksen", "Fonoti", "Gallagher", "Hosseini", "Ivanova",
    "Jovanovic", "Kirkwood", "Lombardi", "Mbeki", "Novak", "Ortega", "Pemberton", "Quinlan", "Rowntree",
    "Saito", "Thornbury", "Underhill", "Vasquez", "Wexford", "Yilmaz", "Zielinski", "Abernathy", "Blackwood",
    "Castellano", "Drummond", "Ellery", "Farquhar",
)  # fmt: skip
POSITIONS = (
    "Director",
    "Trustee",
    "Office manager",
    "Bookkeeper",
    "Partner",
    "Owner",
    "Practice manager",
    None,
)
TAGS = ("Bookkeeping", "Tax", "Advisory", "Payroll", "SMSF", "Priority", "Quarterly BAS", "Referred")
AU_CITIES = (
    ("Sydney", "NSW", "2000"), ("Newcastle", "NSW", "2300"), ("Melbourne", "VIC", "3000"),
    ("Geelong", "VIC", "3220"), ("Brisbane", "QLD", "4000"), ("Perth", "WA", "6000"),
    ("Adelaide", "SA", "5000"), ("Hobart", "TAS", "7000"), ("Darwin", "NT", "0800"),
    ("Canberra", "ACT", "2600"),
)  # fmt: skip
UK_CITIES = (
    ("London", "", "EC2A 4NE"), ("Leeds", "", "LS1 4AP"), ("Bristol", "", "BS1 5TR"),
    ("Glasgow", "", "G2 1AL"),
    ("Cardiff", "", "CF10 1EP"), ("Manchester", "", "M2 5DB"),
)  # fmt: skip
NZ_CITIES = (
    ("Auckland", "", "1010"), ("Wellington", "", "6011"), ("Christchurch", "", "8011"),
    ("Tauranga", "", "3110"), ("Dunedin", "", "9016"), ("Hamilton", "", "3204"),
)  # fmt: skip

COUNTRIES = {"AU": "Australia", "NZ": "New Zealand", "UK": "United Kingdom"}
CITIES = {"AU": AU_CITIES, "NZ": NZ_CITIES, "UK": UK_CITIES}
COMPANY_ENDS = {"AU": COMPANY_ENDS_AU, "NZ": COMPANY_ENDS_NZ, "UK": COMPANY_ENDS_UK}
