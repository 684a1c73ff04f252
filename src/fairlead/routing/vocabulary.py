"""Words and tool names that tell what a request is about: data, no logic.

A word's weight says how much it tells: 3 all but settles the task, 1 is a hint that needs company.
Matching is by whole words in lower case; `vocabulary_phrases` has what several words tell together,
`vocabulary_beyond` what is not ASCII, `vocabulary_signs` what is no word.
"""

from typing import Final

from fairlead.routing.decision import Task

__all__ = [
    "COURTESIES",
    "LEADS",
    "ORDER",
    "TOOLS",
    "WORDS",
]

ORDER: Final[tuple[Task, ...]] = (
    "coding",
    "automation",
    "math",
    "science",
    "translation",
    "extraction",
    "document",
    "creative",
    "agent",
    "chat",
)
"""Where two tasks score alike, the one that stands first here is taken."""

_WORDS: dict[Task, dict[int, str]] = {
    "coding": {
        3: "refactor traceback stacktrace segfault segmentation codebase unittest pytest docstring "
        "linter typescript javascript golang kotlin regexp nullpointerexception mutex "
        "dockerfile kubernetes webpack npm numpy pandas django react stdin stdout makefile "
        "leetcode postgresql mysql sqlite mongodb graphql jquery css3 html5 redis kafka "
        "terraform ansible gradle venv virtualenv fastapi laravel symfony nextjs scss eslint "
        "junit scipy tensorflow pytorch keras sklearn matplotlib jupyter dataframe tkinter "
        "opencv arduino elixir haskell fortran matlab powershell vba webassembly wasm grpc "
        "protobuf oauth jwt cors csrf websocket websockets sqlalchemy hibernate orm stderr "
        "coroutine coroutines polymorphism encapsulation subprocess multithreading memoization "
        "dijkstra bfs dfs bst trie bitwise malloc sizeof nullptr typedef typeerror valueerror "
        "keyerror syntaxerror indexerror attributeerror importerror modulenotfounderror div def "
        "usestate useeffect stackoverflow gitignore monorepo postgres mariadb kubectl cmake gcc "
        "clang llvm asyncio pydantic rebase refactored pointer",
        2: "coding python java c++ c# php sql html css bash bugs debug compile compiler regex "
        "algorithm recursion api endpoint git diff repo repository programming snippet async "
        "await docker semaphore deadlock goroutine callback middleware backend frontend nginx "
        "runtime struct enum hashmap boolean perl awk sed linux xml yaml subclass "
        "dependency dependencies refactoring cpu gpu thread threads nodejs vue angular rails "
        "svelte tailwind bootstrap babel vite jest mocha cypress scala lua verilog cuda julia "
        "clojure erlang dart flutter pip conda decorator decorators lambda closure closures "
        "iterator iterators generics inheritance singleton concurrency asynchronous "
        "serialization deserialize idempotent backtracking heap namespace enums structs stash "
        "sdk vscode intellij xcode localhost webhook parsing tokenizer linker debugger "
        "debugging breakpoint boilerplate microservice microservices deploy deploys constructor "
        "getter setter tuple tuples dict dicts dictionaries compiles compiled endpoints apis "
        "migrations mock mocks mocking lint props dom selector padding caching firmware socket "
        "sockets ssl tls hash hashing hashes auth authentication callbacks recursive iterative "
        "sorting palindrome anagram unicode utf ascii env cli ide component schema schemas http "
        "rest crud mvc refactors coder coders programmer programmers developer developers codes "
        "scripting crontab webpage repos rebasing subquery dockerfiles makefiles stacktraces "
        "flexbox typed",
        1: "code bug patch commit commits rust ruby swift staged function functions method class "
        "variable loop array arrays script database query server test tests module library "
        "framework implement exception review error type cache object string index build branch "
        "merge memory package parser stack queue hook syntax null undefined input output "
        "executable data complexity binary program software flask pipeline container containers "
        "cluster pod helm nested instance instances attribute attributes slice overflow leak "
        "leaks crash crashes crashing queries join joins insert migration indexes transaction "
        "transactions coverage types interface components render layout scripts lock locks "
        "scheduler kernel driver proxy encrypt token promise promises sort sorted lists nodes "
        "node tree trees parse encode decode encoding config configuration packages upgrade "
        "logging log logs implementation optimize branches versions pagination controller "
        "rename variables methods classes loops iterate",
    },
    "automation": {
        3: "automate screenshot webdriver selenium playwright crontab unsubscribe spotify ifttt "
        "zapier thermostat siri alexa captcha taskbar rsvp dishwasher",
        2: "click browser terminal shell cron desktop navigate login inbox scroll mute unmute "
        "reboot ssh tab tabs lamp lamps blinds curtains heating vacuum doorbell garage playlist "
        "volume bluetooth wifi gmail whatsapp telegram dropdown checkbox popup toggle swipe "
        "hover brightness wallpaper reminders timer reschedule mailbox archive unread "
        "notifications sprinkler cart hotspot bookmark bookmarks homepage",
        1: "automation workflow button window mouse keyboard folder folders download upload "
        "install restart website form submit settings lights calendar reminder alarm backup "
        "phone app server file files photos rename log outlook slack teams excel spreadsheet "
        "sheet youtube netflix zoom printer print scan trash cookie cookies appointment meeting "
        "email emails mail message messages notify notification forward reply reserve flight "
        "ticket tickets purchase order password username signup subscribe whenever play song "
        "tap page screen menu link press delete copy paste save move empty kitchen bedroom "
        "parcel delivery",
    },
    "math": {
        3: "theorem integral derivative algebra geometry calculus trigonometry polynomial "
        "eigenvalue eigenvalues eigenvector eigenvectors lemma mathematics mathematical "
        "arithmetic combinatorics determinant abelian homomorphism isomorphic subgroup "
        "diagonalize factorial hypotenuse quadratic bijective injective surjective asymptote "
        "modulo antiderivative logarithmic cosine lcm gcd hcf coprime totient pythagorean "
        "pythagoras trapezoid rhombus parallelogram pentagon octagon isosceles equilateral "
        "orthogonal orthonormal differentiable supremum infimum maclaurin bijection surjection "
        "injection nullspace lagrange binomial multinomial logarithms trigonometric cuboid "
        "bernoulli poisson cardinality uncountable eigenspace collinear bisector urn matrices "
        "antiderivatives integrate",
        2: "prove equation equations probability math maths matrix fraction logarithm divisible "
        "triangle solve dice perpendicular parabola hyperbola ellipse radius diameter "
        "circumference polygon hexagon converge converges convergence denominator numerator "
        "divisor divisors multiples decimal rectangle rectangular vertex vertices sin cos "
        "compounded inequality subset finite coefficient coefficients remainder quotient "
        "integer integers permutation permutations triangles cube cubes sphere cone cylinder "
        "prism tangent midpoint congruent slope cubic vectors scalar manifold topology convex "
        "concave monotone limit taylor fourier laplace differential maximize minimize "
        "congruence residue euler fermat gauss progression recurrence variance gaussian "
        "expectation tosses marbles combinations arrangements ratio ratios proportion "
        "percentage fractions squared cubed exponent exponents exponential ln inverse "
        "reciprocal mod mph sums summation dividing divided multiplied multiplying subtract "
        "subtracted evenly consecutive coin coins factors identities inequalities subsets",
        1: "graph calculate compute sum average multiply divide proof prime percent square root "
        "circle area perimeter angle degrees product digits digit odds dollars cents profit "
        "discount altogether dozen mean median estimate zero function sequence series acute "
        "obtuse chord arc axis linear coordinates roots rank basis span compact metric "
        "continuous epsilon partial gradient random uniform distribution expected deck cards "
        "drawn bag balls chance likelihood ways twice half halves thirds double triple speed km "
        "miles kilometers meters feet inches cm liters gallons pounds kg hours minutes per "
        "total remaining cost costs price paid pays sells sold buys bought spends spent earns "
        "apples oranges cookies candies pencils students girls boys older younger interest "
        "annually monthly compound principal times equal equals tank pipes length width height "
        "weighs weigh die flips rolled roll tickets loses gives",
    },
    "science": {
        3: "physics chemistry biology quantum thermodynamics molecule molecules photosynthesis "
        "enzyme enzymes genome relativity astrophysics neuroscience electron electrons entropy "
        "stoichiometry mitochondria mitosis meiosis antibiotic antibiotics crispr neuron "
        "neurons chromosome chromosomes electromagnetic spectroscopy spectrometry covalent "
        "proton protons neutron photon photons hormone hormones insulin antibody antibodies "
        "pathogen ribosome cytoplasm chlorophyll catalyst oxidation titration radioactive "
        "seismic tectonic pathophysiology carcinoma metabolism homeostasis phenotype genotype "
        "allele alleles fission boson higgs quark refraction diffraction buoyancy viscosity "
        "semiconductor transistor diode infrared ultraviolet magnetism conductivity "
        "electrolysis electrolyte anode cathode ionic corrosion organelle respiration digestion "
        "digestive intestine pancreas thyroid inflammation cholesterol diabetes hypertension "
        "retina cornea synapse dopamine serotonin cortisol chemotherapy fungi fungus "
        "pollination magma lava ozone joule joules ampere ohm inertia torque aerodynamic "
        "supernova nebula cosmology meteorite evaporation condensation combustion solvent "
        "solute astronomy astronomers physicist chemist biologist mrna echolocation anaesthetic "
        "anesthetic photosynthesize metabolic placebo",
        2: "science scientific atom atoms protein proteins reaction velocity hypothesis species "
        "evolution gravity gravitational isotope orbital wavelength bacteria bacterial dna rna "
        "virus viruses viral vaccine vaccines immune symptoms syndrome tumor cancer artery "
        "muscle muscles nerve nerves tissue gland blood serum membrane glucose oxygen hydrogen "
        "carbon nitrogen sodium calcium helium ions acid acids ph molar mol aqueous alkali "
        "equilibrium voltage friction momentum acceleration accelerates capacitor resistor "
        "circuit magnetic galaxy telescope asteroid solar planet planets climate volcano "
        "earthquake fossil fossils dinosaurs ecosystem organism organisms predator "
        "photosynthetic infection disease diseases diagnosis patients mutation gene genes "
        "genetic genetics mri anatomy kidney liver lung lungs heart brain bone bones fetus "
        "embryo hormonal polymer crystal superconductor laser fluorescence boiling kinetic "
        "amino peptide receptor receptors inhibitor secretion transplantation antigen molecular "
        "atomic nuclear nucleus fusion particle particles plasma spectrum optics optical "
        "rainbow rainbows lightning thunder tornado hurricane tide tides comet comets meteor "
        "meteors eclipse orbit orbits spacecraft mars venus jupiter saturn universe compounds "
        "dissolve dissolves melting melts freezing freezes soluble cellular allergy allergic "
        "fever flu vitamin vitamins stroke veins vein skeleton caffeine dose drug drugs "
        "medication patient habitat bees mammals mammal reptiles reptile yeast erosion sediment "
        "glacier glaciers greenhouse co2 newton volt volts watt watts amplitude resonance fluid "
        "turbulence turbine radiation microwave thermal insulator conductor ferment "
        "fermentation aurora dense density lens bacterium chemical chemicals scientists "
        "biological physical neurological migrate migration hibernate evolve evolved telescopes "
        "pregnancy",
        1: "ion experiment energy temperature mass theory cell cells liquid gas solid ice water "
        "heat light plant plants animals moon earth star stars sun sky ocean force forces "
        "charge charges wave waves frequency pressure metal skin stomach sugar float floats "
        "sound magnet insects motion constant flask spring compound mirror clouds rain snow "
        "weather satellite rocket mixture solution salt battery batteries organ organs pain "
        "surgery treatment therapy fish birds bats whales seeds roots leaves soil crust mantle "
        "emissions potential lift drag engine aircraft planes airplane wings fuel burn burns "
        "steel iron copper gold glass magnets eye eyes ear ears teeth hair tree trees bread "
        "sleep dream dreams headphones blue absorb tire tires rubber",
    },
    "translation": {
        3: "translate translating translation translations translated traduire traduis traduce "
        "traducir traduzir localize translator translates transliterate traduction",
        2: "idiomatic",
        1: "english french german spanish chinese japanese korean portuguese italian russian "
        "arabic dutch polish turkish latin hindi swedish czech greek vietnamese thai subtitles "
        "phrase expression hebrew norwegian danish finnish hungarian ukrainian romanian "
        "cantonese mandarin indonesian sentence native formal register",
    },
    "extraction": {
        3: "extract extraction extracting classify categorize categorise annotate ner keyphrases "
        "classifying categorized",
        2: "entities sentiment label fields parse tagging tag spam normalize pull classification "
        "deduplicate keywords labels toxicity receipts mentioned",
        1: "list table json csv column columns invoice invoices address addresses receipt dates "
        "amounts emails positive negative neutral key values category categories review tweet "
        "ticket tickets phone match convert record records resume cv object entity field "
        "structured locations location occurrences duplicates rows row spreadsheet vat currency "
        "zip postcode bucket urgent bug complaint complaints intent topics topic names "
        "companies company total feedback comments product products price header logs entries "
        "output listed",
    },
    "document": {
        3: "summarize summarise summary summarizing tldr condense abridge synopsis gist takeaways "
        "summaries summarized summarization recap",
        2: "document report contract transcript chapter pdf whitepaper passage attached attachment "
        "nda clause clauses excerpt textbook lease appendix paraphrase thread documents "
        "takeaway thesis dissertation uploaded",
        1: "article pages section sections paragraph paragraphs text policy paper agreement "
        "findings key author pasted manual brief shorten notes page limitation audit handbook "
        "memo essay outline abstract highlights bullet bullets concise shorter overview "
        "conclusion conclusions methodology methods minutes manuals obligations termination "
        "warranty deadline deadlines chapters reports papers annual quarter revenue attachments",
    },
    "creative": {
        3: "poem poems poetry sonnet limerick screenplay lyrics slogan slogans haiku haikus "
        "tagline taglines fanfiction fanfic worldbuilding fairytale jingle couplet rhyming "
        "acrostic ode plotline cliffhanger backstory epilogue antagonist catchy skit eulogy "
        "copywriting sonnets novella",
        2: "story novel fiction creative headline blog rhyme fairy tale chorus song monologue "
        "invent villain dialogue stanza verse ballad parody mythology fantasy campaign pun puns "
        "fictional protagonist playful compose stories tales fable rap songs anthem rhymes "
        "verses superhero vampire unicorn enchanted thriller satire satirical witty quirky "
        "motto caption captions advert advertisement brochure toast vows brainstorm nickname "
        "nicknames riddle riddles dialog dungeon metaphor metaphors simile evocative vivid",
        1: "write imagine character essay style scene describe draft continue funny names plot "
        "humorous whimsical tone description rewrite magical dragon wizard actors brand hero "
        "villains alien aliens witch robot robots detective pirate pirates kingdom horror "
        "comedy romance sarcastic instagram tweet tiktok ad ads marketing speech invitation "
        "greeting card birthday wedding ideas script scenes sketch narrator opening paragraph "
        "title titles theme podcast band bakery twist poetic romantic",
    },
    "agent": {
        3: "subagent subagents orchestrator agentic autonomously subtask subtasks planner",
        2: "agent agents delegate orchestrate coordinator handoff tool tools specialist autonomous "
        "iteratively decompose observation observations browse browsing coordinating supervisor "
        "delegating",
        1: "plan steps coordinate step search research verify fetch execute call calling carry "
        "assistants team goal tasks task current now weather available sources monitor retry "
        "action actions goals gather collect compile lookup cite citations online internet "
        "latest compare until approval approve escalate workers worker researcher writer "
        "function functions findings competitors suppliers vendors candidate candidates "
        "shortlist issue refund customer customers schedule decide investigate explore book api "
        "reports",
    },
    "chat": {
        3: "lol haha hahaha howdy bye goodbye hiya yay omg hehe thx sup bestie heya",
        2: "hello hi hey thanks thank joke jokes goodnight bored lonely nervous anxious stressed "
        "miserable heartbroken crush boyfriend girlfriend wow hmm yeah yep nope dude buddy "
        "chatting gossip greetings yo cheers",
        1: "chat recommend feel feeling talk sad happy favourite favorite friend tired excited fun "
        "nice love guess cool ok sleep awful worried exhausted proud cry cried weekend sorry "
        "today tonight tomorrow morning evening night smile laugh lovely kind boring hate miss "
        "glad hope feelings alone birthday",
    },
    "other": {
        3: "recipe recipes visa passport lawsuit dynasty treaty gdp olympics etiquette morally "
        "immoral jury tort negligence statute congressional nato soviet monopoly shareholder "
        "shareholders depreciation liabilities felony burglary robbery murder scenario "
        "scenarios constitutional medieval slavery colonial marxist kant freud psychologist "
        "psychologists psychotherapist therapist attorney trial elasticity",
        2: "cook cooking bake dinner lunch breakfast vegetarian restaurant restaurants travel trip "
        "itinerary vacation lawyer legal law laws court landlord tenant rent mortgage tax taxes "
        "insurance invest investing investment stocks retirement salary career employer "
        "negotiate negotiation president empire century revolution constitution election "
        "elections parliament population religion bible philosophy philosopher economics "
        "economy inflation football soccer championship fashion workout gym historical history "
        "political politics ethics moral psychology sociology marriage plaintiff defendant "
        "amendment supreme congress morality corporation partnership assets audit accounting "
        "accountant firm firms investor investors bond bonds convicted crime criminal property "
        "seller buyer contractual behavior cognitive conditioning roman nation nations colonies "
        "military society societies foreign fiscal monetary unemployment wage wages trade "
        "taxation terrorism security sovereignty democracy democratic republican revenue tribal "
        "tribe archaeologists hominid testimony evidence prosecution liability damages "
        "landowner deed nuisance persuasion advertising premise fallacy christian islam "
        "buddhist hindu jewish muslim",
        1: "hotel airport manager employee king queen government capital country countries city "
        "actor actress movie film album celebrity gift gifts shoes clothes diet interview "
        "resume market markets consumer demand supply price stock bank banks policy policies "
        "state states rights social culture cultural famous founded born died owner man woman "
        "husband wife sued sue claim claims agreed agency public private scientist historian "
        "historians church soldier soldiers officer police",
    },
}

WORDS: Final[dict[str, tuple[tuple[Task, int], ...]]] = {}
"""A word to the tasks it tells of, each with its weight."""
for _task, _by_weight in _WORDS.items():
    for _weight, _words in _by_weight.items():
        for _word in _words.split():
            WORDS[_word] = (*WORDS.get(_word, ()), (_task, _weight))

_LEADS: dict[Task, dict[int, str]] = {
    "coding": {2: "implement refactor debug port compile", 1: "fix"},
    "automation": {
        3: "click drag rename reboot restart mute scroll",
        2: "open close install uninstall book turn switch go navigate download upload fill submit "
        "play log move delete schedule every",
        1: "set take send check order",
    },
    "math": {
        3: "solve evaluate simplify compute calculate prove",
        2: "find add show estimate determine factor",
        1: "let if given",
    },
    "science": {1: "why how which explain describe"},
    "translation": {3: "translate", 1: "into render"},
    "extraction": {
        3: "classify extract label tag parse",
        2: "list pull get return identify match turn",
        1: "is does which convert",
    },
    "document": {
        3: "summarize summarise condense shorten",
        1: "compare read according based",
    },
    "creative": {
        3: "compose invent",
        2: "imagine continue describe write rewrite draft",
        1: "make give create",
    },
    "agent": {2: "plan research delegate monitor use keep act coordinate", 1: "look decide"},
    "chat": {2: "hi hey hello lol thanks", 1: "do tell guess my ok"},
}

LEADS: Final[dict[str, tuple[tuple[Task, int], ...]]] = {}
"""A word with which a request begins (courtesies aside) to the tasks that it asks for."""
for _task, _by_weight in _LEADS.items():
    for _weight, _words in _by_weight.items():
        for _word in _words.split():
            LEADS[_word] = (*LEADS.get(_word, ()), (_task, _weight))

_COURTESIES = (
    "please can could would you kindly help me i i'd want need to just now then so also the a we "
    "us like your task and"
)
COURTESIES: Final = frozenset(_COURTESIES.split())
"""Words before the one that says what is to be done."""

TOOLS: Final[dict[str, Task]] = {
    "computer": "automation",
    "browser": "automation",
    "screenshot": "automation",
    "click": "automation",
    "type_text": "automation",
    "navigate": "automation",
    "bash": "automation",
    "shell": "automation",
    "local_shell": "automation",
    "terminal": "automation",
    "execute_command": "automation",
    "run_command": "automation",
    "edit": "coding",
    "edit_file": "coding",
    "read_file": "coding",
    "write_file": "coding",
    "create_file": "coding",
    "multiedit": "coding",
    "apply_patch": "coding",
    "str_replace_editor": "coding",
    "str_replace_based_edit_tool": "coding",
    "text_editor": "coding",
    "replace_in_file": "coding",
    "search_code": "coding",
    "run_tests": "coding",
    "code_execution": "coding",
    "code_interpreter": "coding",
}
"""A tool's name (or a server tool's kind) to the task it is made for."""
