"""Words that are usual in names and addresses, so that they tell little, or mean the same as another one. Pure data.

General knowledge about English-speaking countries; nothing here is learnt from anybody's records.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "sir", "rev", "mx"})
GENERATIONS = {
    "jnr": "junior",
    "jr": "junior",
    "junior": "junior",
    "snr": "senior",
    "sr": "senior",
    "senior": "senior",
    "ii": "second",
    "iii": "third",
}
GENERIC = _words(
    """
    and of for in at by to a an as atf service services australia australian nz uk international
    solutions enterprises trading business
    """
)
"""May be missing on one side without telling two parties apart."""
TRADES = _words(
    """
    accounting advisory air auto bakery bar beauty boats books bricklaying builders building cafe care
    carpentry cars catering childcare civil cleaning coffee commercial concrete consultants consulting
    construction constructions contracting creative dental design designs digital earthmoving electrical
    electrics engineering events excavations farm farms fashion finance financial fitness flooring
    florist food foods fresh garage garden gardens global hair hardware health home homes hotel
    interiors investments it joinery kitchens labour landscapes landscaping legal logistics maintenance
    management marketing media medical mechanical motors national painters painting park partners
    pharmacy photography physio physiotherapy plastering plumbing practice print projects properties
    property real refrigeration removals renovations rentals repairs restaurant roofing rural sales
    salon school security shop smash software solar stone store studio studios supplies supply systems
    team technologies technology tiling timber tools towing training transport travel trees tyres vet
    veterinary water web welding wholesale windows wines works
    """
)
"""Words of trades: many names have them."""
GIVEN = _words(
    """
    aaron abdul abdullah abigail adam adrian ahmad ahmed aidan aisha ajay akira alan albert alejandro alessandro
    alessia alex alexander alexandra alexandria ali alice alicia alison alistair amal amanda amara amber amelia
    amina amir amit amrit amy andrea andrew angela angus anh anil anita anjali ann anna anne annie anthony antonio
    antony anusha april archie ariana aroha arthur arun ashley ashok ashton ava ayesha bao barbara barry belinda
    ben benjamin bernard beth bethany betty beverley bianca bilal bill blake bob bonnie brad bradley brandon
    brenda brendan brett brian bridget brittany brooke bruce bruno bryan bryce caitlin callum cameron camille carl
    carla carlos carmen carol caroline carolyn cassandra catherine charles charlie charlotte chelsea chen cheng
    cheryl chiara chloe chris christian christina christine christopher chun claire clare claudia colin connor
    courtney craig crystal cuong daisy dale damian damien dan daniel daniela danielle darren dave david dawn dean
    deborah deepak deepika denise dennis derek diana diane diego dimitri dinesh dmitri dominic don donald donna
    dorothy douglas duc duncan dylan edward eileen elaine eleanor elena elias eliza elizabeth ella ellen ellie
    eloise emily emma enzo eric erin esther ethan eva evan evelyn evie fabio faisal farah fatima fatma faye
    felicity felix finn fiona frances francesca francesco francis frank fred gabriel gabriela gabriella gabrielle
    gail gareth garry gary gaurav gavin gemma geoff geoffrey george georgia gerald gerard gillian giovanni giulia
    giuseppe glen glenn gordon grace graeme graham grant greg gregory gurpreet guy habib hamish hamza hana hannah
    harold harriet harrison harry haruka harvey hassan hayden hayley heather heidi helen helena hemi henry hiroshi
    holly howard hugh hugo hunter huong hussein ian ibrahim imogen imran ines ingrid irene isaac isabel isabella
    isabelle isla ivan ivana ivy jack jackson jacob jacqueline jade jai jake james jamie jan jane janet janice
    janine jared jasmin jasmine jason jasper javier jay jayden jean jeff jeffrey jenna jennifer jenny jeremy jess
    jesse jessica jill jim jing joan joanna joanne joe joel john jon jonathan jordan jorge jose joseph josephine
    joshua joy joyce juan judith judy julia julian julie juliet jun justin kai kaitlyn karen karim karl katarina
    kate katelyn katherine kathleen kathryn katie kavita kay kayla keith kelly ken kenji kenneth kerry kevin
    khalid kim kiran kiri kirsten kirsty kristen kristina kumar kurt kyle kylie lachlan lan lara lars laura lauren
    laurence lawrence layla leah leanne lee leigh leila leo leon leonard leonie leslie lewis liam lily linda
    lindsay ling lisa liz logan lola long lorraine louis louise luca lucas lucinda lucy luis luke lydia lyn
    lynette lynn lynne mackenzie maddison madeleine madeline madison magda mahmoud malcolm manish manoj manpreet
    marc marco marcus margaret maria marian mariana marie marion marissa mark martin mary mason mateo matt matteo
    matthew maureen max maxwell maya meera megan mehmet mei mel melanie melinda melissa mia michael michaela
    michelle miguel mihi mikayla mike millie ming minh mitchell mohamed mohammad mohammed molly monica muhammad
    mustafa nadia nam naomi natalia natalie natalya natasha nathan neha neil neville nga ngaire ngoc nguyet
    nicholas nick nicola nicole nikhil nikita nikos nina ning noah noel noor norma nour olga olive oliver olivia
    omar oscar owen pablo paige pam pamela paolo parth pat patricia patrick paul paula pauline pavel penny peter
    phil philip phillip phoebe phuong pierre ping pooja poppy pradeep prakash pranav priscilla priya quan rachael
    rachel rafael rahul raj rajesh rajiv rakesh ralph ramesh raul ravi raymond rebecca reece rekha renee rhonda
    rhys richard riley rob robert roberta robin robyn rodney roger rohan rohit roland ron ronald rory rosa rose
    rosemary ross rowan roy ruby russell ruth ryan sachin sahil sally salma sam samantha samuel sandeep sandra
    sanjay sanjeev santiago sara sarah sarita satish scott sean sebastian serena sergio seth shane shannon sharon
    shaun sheila shelley shirley shu sienna simon simone siti skye sofia sonali sonia sophia sophie spencer stacey
    stanley stella stephanie stephen steve steven stewart stuart sue summer sunil sunita suresh susan susanne
    suzanne svetlana sydney sylvia talia tamara tamati tane tania tanya tara taylor terence teresa terry tess
    thanh theo theresa thi thomas thu tiffany tim timothy tina toby todd tom tomas tony tracey tracy trent trevor
    tristan troy tuan tui tyler tyson uma ursula usha valerie vanessa vanita vera veronica vicki victor victoria
    vijay vikram vincent vinod virginia vivian walter warren wayne wei wendy will william wiremu xiao yan yasmin
    ying yong yuki yusuf yvonne zac zachary zainab zara zhen zoe zoran
    """
)
"""Usual given names: two different ones are two people, however alike they are spelled."""
SHORT_FOR = {
    short: _words(long)
    for short, long in {
        "andy": "andrew",
        "ben": "benjamin",
        "beth": "elizabeth",
        "bill": "william",
        "bob": "robert",
        "dan": "daniel",
        "dave": "david",
        "ed": "edward edwin",
        "fred": "frederick",
        "geoff": "geoffrey",
        "greg": "gregory",
        "jeff": "jeffrey",
        "jen": "jennifer",
        "jenny": "jennifer",
        "jess": "jessica",
        "jim": "james",
        "joe": "joseph",
        "jon": "jonathan",
        "kate": "catherine katherine kathryn",
        "katie": "catherine katherine kathryn",
        "ken": "kenneth",
        "liz": "elizabeth",
        "matt": "matthew",
        "mike": "michael",
        "nick": "nicholas",
        "phil": "philip phillip",
        "rob": "robert",
        "ron": "ronald",
        "steve": "stephen steven",
        "sue": "susan suzanne",
        "tim": "timothy",
        "tom": "thomas",
        "tony": "anthony antony",
        "will": "william",
        "bros": "brothers",
        "assoc": "associates",
        "mgmt": "management",
        "aust": "australia australian",
        "intl": "international",
        "svcs": "services",
        "eng": "engineering",
        "mfg": "manufacturing",
    }.items()
}
STREETS = _words(
    """
    street st road rd avenue ave av lane ln drive dr court ct crt place pl crescent cres cr cct circuit
    terrace tce terr highway hwy parade pde boulevard blvd close cl way grove gr gve square sq esplanade
    esp loop mews rise walk row alley quay wharf north south east west n s e w
    """
)
"""Kinds of streets, left out as their abbreviations differ."""
INSIDE = _words(
    """
    unit shop level lvl suite ste lot flat apartment apt floor no number u the
    """
)
"""Words before a number inside of a building."""
