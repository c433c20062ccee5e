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
    salon school security shop smash software solar store studio studios supplies supply systems
    team technologies technology tiling timber tools towing training transport travel trees tyres vet
    veterinary water web welding wholesale windows wines works
    architects automotive bistro brewery brewing butchers butchery cabinets childrens cladding clinic clothing
    creations dairy decorating demolition drainage drilling electronics energy fabrication fencing fishing freight
    furniture gallery glass grazing haulage hire insulation insurance jewellers kiosk laundry lawns lawyers
    machinery nursery optical orchards panelbeating paving pest petroleum pets plastics podiatry pools printing
    produce psychology publishing quarries recruitment recycling rigging scaffolding seafood signs staffing
    steel surveyors tattoo taxis textiles theatre tutoring upholstery vineyards warehousing
    """
)
"""Words of trades: many names have them."""
GIVEN = _words(
    """
    aaron abbey abbie abdul abdullah abigail adam addison adele aditya adrian ahmad ahmed aidan aileen aisha ajay
    akira alan alana albert alec alejandra alejandro alessandro alessia alex alexander alexandra alexandria alfie
    alfred ali alice alicia alina alisha alison alistair alyssa amal amanda amara amber amelia amelie amina amir
    amit amrit amy anastasia andre andrea andreas andrew angela angelina angelo angus anh anika anil anita anjali
    ann anna annabel annabelle anne annette annie anthony anton antonio antony anusha april archie ari ariana arjun
    arlo arnold aroha arthur arun arya asha asher ashley ashok ashton aubrey audrey aurora austin ava ayesha bailey
    bao barbara barbra barry beau belinda bella ben benedict benjamin bernadette bernard bernice bert beth bethan
    bethany betty beverley bianca bilal bill billie billy blake bob bonnie brad bradford bradley brady brandon bree
    brenda brendan brent brett brian brianna bridget brielle brittany brock brodie brody bronte bronwyn brooke
    bruce bruno bryan bryce bryn byron caitlin caleb callum cameron camilla camille carl carla carlos carly carmel
    carmen carol caroline carolyn carrie casey cassandra catherine cathy cecilia celeste celine chad charlene
    charles charli charlie charlotte charmaine chase chelsea chelsey chen cheng cherie cheryl chiara chloe chris
    christian christina christine christopher chun claire clara clare clarence claudette claudia claudio clayton
    cleo clifford clint clinton clive clyde cody colby colette colin colleen connor conor constance cora corey cory
    courtney craig crystal cuong curtis cynthia daisy dale damian damien damon dan dana danica daniel daniela
    danielle dario darius darren darryl daryl dave david davina dawn dean deanna debbie deborah declan deepak
    deepika delia della delores demi denise dennis derek desmond destiny devon diana diane dianne diego dimitra
    dimitri dinesh dion dirk dmitri dominic don donald donna dora doreen doris dorothea dorothy douglas drew duc
    duncan dustin dwayne dwight dylan earl eden edgar edith edmund eduardo edward edwin effie eileen elaina elaine
    eleanor elena eli elias elijah elisa elise eliza elizabeth ella ellen ellie ellis elmer eloise elsa elsie elton
    elvira emanuel emerson emil emilia emilio emily emma emmanuel enid enzo eric erica erik erika erin ernest
    ernesto ester esther ethan ethel eugene eunice eva evan evelyn evie ezra fabio faisal farah fatema fatima fatma
    fay faye felicity felix fernando finn fiona flora florence floyd frances francesca francesco francine francis
    franco frank frankie fred freda freddie frederick freya gabby gabriel gabriela gabriella gabrielle gail gareth
    garry gary gaurav gavin gemma genevieve geoff geoffrey george georgia georgie georgina gerald geraldine gerard
    gerry gertrude gia gideon gilbert gillian gina giorgio giovanni giulia giuseppe gladys glen glenda glenn gloria
    gonzalo gordon grace graeme graham grant greg gregory greta guido gurpreet guy gwen gwendolyn habib haley
    hamish hamza hana hannah harley harold harriet harrison harry haruka harvey hassan hattie hayden hayley hazel
    heath heather hector heidi helen helena hemi henrietta henry herbert herman hilary hilda hiroshi holly homer
    horace howard hubert hugh hugo humphrey hunter huong hussein ian ibrahim ida ignacio igor ilse imogen imran
    india ines inez ingrid ira irene iris irma irwin isaac isabel isabella isabelle isaiah isla ismail isobel ivan
    ivana ivy jacinta jack jackie jackson jacob jacqueline jada jade jai jaime jake jamal james jamie jan jane
    janelle janet janette janice janine janis jared jasmin jasmine jason jasper javier jaxon jay jayden jayne jean
    jeanette jeanne jed jeff jeffrey jenna jennifer jenny jeremy jerome jerry jess jesse jessica jesus jett jill
    jim jing joachim joan joanna joanne jodie jody joe joel joelle johan johanna johannes john johnny jon jonas
    jonathan jonathon jonty jordan jorge jose joseph josephine joshua josie joy joyce juan judah jude judith judy
    julia julian juliana julie juliet juliette julio jun june justin kai kaitlin kaitlyn kara karen karim karina
    karl karla kasey katarina kate katelyn katherine kathleen kathryn kathy katie katrina katy kavita kay kayla
    keira keith kellie kelly kelsey ken kendall kendra kenji kenneth kerry kevin khalid kiara kiera kieran kieren
    kim kimberley kimberly kiran kiri kirk kirra kirsten kirsty kit kobe koby kristen kristian kristina krystal
    kumar kurt kyla kyle kylie kyra lachie lachlan lan lana lance lara larissa larry lars laura lauren laurence
    lauryn lavinia lawrence layla leah leandro leanna leanne lee leigh leila lena lennox leo leon leona leonard
    leonardo leonie leroy leslie levi lewis lexi lexie liam liana lilian lillian lilly lily lincoln linda lindsay
    lindsey ling lionel lisa livia liz logan lois lola long lorenzo loretta lorna lorraine lou louie louis louise
    luca lucas lucia luciana lucille lucinda lucy luis luka luke lydia lyle lyn lynda lynette lynn lynne mabel mack
    mackenzie maddison madeleine madeline madelyn madison maeve magda maggie mahmoud malcolm mali mandy manish
    manoj manpreet manuel marc marcel marcela marcella marcia marco marcus margaret margot marguerite maria mariam
    marian mariana marie marina mario marion marissa marjorie mark marlene marlon martha martin martina marty mary
    mason mateo mathew matilda matt matteo matthew maureen maurice mavis max maxine maxwell maya meera megan mehmet
    mei mel melanie melina melinda melissa mercedes meredith merle mia micah michael michaela micheal michele
    michelle miguel mihi mikaela mikayla mike mila mildred millie milo ming minh minnie miranda miriam mitch
    mitchell mohamed mohammad mohammed moira molly monica monique montana morgan moses muhammad muriel mustafa
    myles myra myrtle nada nadia nadine nam nancy naomi nasser natalia natalie natalya natasha nate nathan
    nathaniel ned neha neil nerida nevaeh neville nga ngaire ngoc nguyet niamh nicholas nick nicola nicole nigel
    nikhil nikita nikki nikos nina ning noah noel noelle nolan noor noreen norma norman nour nyah octavia olga
    olive oliver olivia olivier ollie omar opal orlando oscar oskar otto owen pablo paige pam pamela paolo parth
    pat patricia patrick patsy patty paul paula paulette paulina pauline pavel pearl pedro penny percy perry peter
    petra phil philip philippa phillip phillipa phoebe phuong phyllis pierre ping piper pippa pooja poppy pradeep
    prakash pranav preston priscilla priya quan quentin quinn rachael rachel rafael rahul raj rajesh rajiv rakesh
    ralph ramesh ramona randall raquel raul ravi raymond reagan rebecca rebekah reece reggie reginald rekha remi
    renae rene renee reuben rex rhett rhiannon rhona rhonda rhys ricardo richard rick ricky riley rita rob robbie
    robert roberta roberto robin robyn rocco rochelle rocky rodney roger rohan rohit roland roman romeo ron ronald
    ronan ronnie rory rosa rosalie rosalind rosanna rose roseanne rosemarie rosemary rosie roslyn ross rowan rowena
    roxanne roy royce ruby rudolf rudy rufus rupert russell ruth ryan sabina sabrina sachin sadie sahil sally salma
    salvatore sam samantha sammy samuel sandeep sandra sandy sanjay sanjeev santiago sapphire sara sarah sarita
    sasha satish saul savannah scott seamus sean sebastian selena selina serena sergei sergio seth shane shannan
    shannon shari sharon sharyn shaun shauna shawn shayla shayne sheena sheila shelby shelley sherry sheryl shirley
    shu sian sidney sienna sierra silas silvia simon simona simone siti skye skyla skylar sofia solomon sonali
    sonia sonja sonny sophia sophie spencer stacey stan stanley stefan stefanie stella stephan stephanie stephen
    sterling steve steven stewart stuart sue summer sunil sunita suresh susan susannah susanne suzanne suzie
    svetlana sybil sydney sylvia sylvie tabitha tahlia talia tamar tamara tamati tamika tammy tane tania tanner
    tanya tara tarun tasha tate taylor teagan ted terence teresa terry tess tessa thanh thea thelma theo theodora
    theodore theresa thi thomas thora thu tia tiana tiffany tilly tim timothy tina tobias toby todd tom tomas tommy
    toni tony tracey tracy travis trent trevor trinity trish tristan troy trudy tuan tui tyler tyra tyrone tyson
    ulysses uma ursula usha valerie vanessa vanita vaughan velma vera verity vernon veronica vicki vicky victor
    victoria vijay vikram vince vincent vinod viola violet virginia vivian vivienne wade wallace wally walter wanda
    warren warwick wayne wei wendy wesley wilfred wilhelmina will willa william willow wilma winifred winston
    wiremu wyatt xanthe xavier xiao yan yasmin ying yolanda yong yuki yusuf yvette yvonne zac zachary zahra zainab
    zander zane zara zeke zelda zena zhen zoe zoey zoran
    """
)
"""Usual given names: two different ones are two people, however alike they are spelled."""
VARIANT_ENDINGS = frozenset({"a", "ia", "ina", "ine", "ette", "etta", "elle", "ella"})
"""With one of them a man's name is a woman's: Eric and Erica, Paul and Paula."""
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
PUBLIC_MAIL = _words(
    """
    gmail.com googlemail.com outlook.com hotmail.com live.com icloud.com me.com yahoo.com
    yahoo.com.au bigpond.com bigpond.net.au optusnet.com.au xtra.co.nz btinternet.com proton.me
    hotmail.co.uk yahoo.co.uk outlook.com.au live.com.au hotmail.com.au tpg.com.au iinet.net.au
    westnet.com.au internode.on.net sky.com talktalk.net msn.com ymail.com aol.com protonmail.com
    fastmail.com hotmail.co.nz yahoo.co.nz live.co.uk btopenworld.com virginmedia.com ntlworld.com
    orcon.net.nz slingshot.co.nz dodo.com.au ozemail.com.au mac.com mail.com gmx.com rocketmail.com
    """
)
"""Services where anybody has an address, so that the domain is nobody's own."""
OFFICES = _words(
    """
    accounts accountspayable accounting admin administration billing bookings bookkeeper bookkeeping contact
    customerservice enquiries enquiry finance helpdesk invoice invoices manager marketing office orders payable
    payables payments payroll purchasing reception sales service support
    """
)
"""Names of an office before the @, which many firms have."""
