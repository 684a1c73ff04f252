"""Several words that tell together what a request is about: data, no logic.

A phrase is looked for only where its rarest word occurs: so their number costs next to nothing, but
each that has none but frequent words costs something with many requests.
"""

import re
from typing import Final

from fairlead.routing.decision import Task

__all__ = ["PHRASES"]

_LANGUAGES = (
    "english french german spanish chinese japanese korean portuguese italian russian "
    "arabic dutch polish turkish latin hindi swedish greek"
)
_OF_LANGUAGES = {
    "in {}": 2,
    "into {}": 3,
    "to {}": 2,
    "from {}": 2,
    "{} to": 2,
    "{} for": 2,
    "{} translation": 3,
    "{} version": 3,
}
"""What is said with a language's name when something is to be translated."""

_PHRASES: dict[Task, dict[int, str]] = {
    "coding": {
        3: "pull-request | stack-trace | unit-test | pull request | source code | write code | "
        "this code | my code | code review | code reviewer | unit test | stack trace | "
        "linked list | for loop | shell script | python function | core dumped | bash one-liner | "
        "type hints | design patterns | pull requests | merge conflict | null pointer | "
        "data structure | data structures | memory leak | regular expression | unit tests | "
        "test cases | command line | hello world | this function | my function | this query | "
        "my script | this script | this error | the compiler | git push | git commit | in python | "
        "in java | in c++ | in rust | in javascript | in typescript | in sql | in bash | "
        "with python | using python | in react | a function that | race condition | "
        "stack overflow | type error | code snippet | rest api | api endpoint | foreign key | "
        "primary key | time limit exceeded | binary search | hash map | edge cases",
        2: "json schema | node.js | the code | design pattern | time complexity | my program | "
        "this program | the program | a script | write a function | this class | the function | "
        "does not compile | doesn't compile | exit code | best practice | error message | "
        "open source | web app | dev server | in production | the terminal",
    },
    "automation": {
        3: "turn off | turn on | set a timer | set an alarm | remind me | switch on | play some | "
        "click on | search bar | scroll down | smart home | add to cart | to my calendar | "
        "my calendar | my inbox | downloads folder | the living room | dark mode | "
        "the thermostat | do not disturb",
        2: "every morning | log in | log into | fill in | fill out | every day | every week | "
        "every monday | every friday | every hour | every time | each morning | turn up | "
        "turn down | lock the | send a message | send an email | send me | living room | the tab | "
        "the button | sign in | log out | by date | as pdf | the folder | this folder | my phone | "
        "my desktop | my screen | the app",
        1: "web page | as soon as | go to | open the | close the | the page | the website | "
        "the file | my files",
    },
    "math": {
        3: "last digit | find the value | what is the value | per hour | at random | "
        "least common | greatest common | standard deviation | real numbers | real roots | "
        "positive integers | arithmetic mean | in how many ways | compound interest | "
        "what percentage | what percent | simplify the | solve for | average speed | divided by | "
        "is divisible",
        2: "f(x) | lim( | sin( | cos( | x = | how many | km/h | how old | square root | "
        "how long does it take | how long will it take | how many more | work out | add up to | "
        "square feet | square meters | years old | as many | times as | the sum of | the area | "
        "the volume of | the ratio | the probability | what fraction | each other | prove that | "
        "let f | evaluate the",
        1: "how much | how far | step by step | in total | how long | per day | per week",
    },
    "science": {
        3: "black hole | nervous system | big bang | periodic table | solar system | "
        "immune system | speed of light | climate change | blood pressure | blood cells | "
        "human body | stem cells | chemical reaction | most likely diagnosis | likely diagnosis | "
        "nuclear fusion | greenhouse effect | boiling point | string theory",
        2: "x-ray | half-life | why do we | what causes | what happens when | what happens if | "
        "what would happen | how do plants | how do birds | how do bees | why are | why is the | "
        "why does the | how does a | on mars | the ocean | in space | the brain | the body | "
        "the moon | the sun | the earth | the sea",
        1: "what happens | why does | why do | why is | how does | what makes | why can | "
        "why don't | in nature",
    },
    "translation": {
        3: "how do you say | how to say | mean in english | how would you say | how is it said",
        2: "word for | the word | false friend | in your language | this sentence",
    },
    "extraction": {
        3: "positive or negative | pull out | pick out | which category | spam or | "
        "named entities | output json | as csv | into a table | return only | list every | "
        "from this text | phone numbers | email addresses",
        2: "json object | as json | from the text | from the following | from this | as a list | "
        "as a table | in json | json with | valid json | comma separated | list all | only the | "
        "mentioned in | key-value | following list | json array | answer yes or no | yes or no | "
        "into the categories | each line",
        1: "e-mail | find all | in the text | in this text | following text",
    },
    "document": {
        4: "following context | following passage",
        3: "tl;dr | based on the transcript | the attached | attached file | this pdf | "
        "this document | this report | this article | the transcript | meeting notes | "
        "main points | main idea | main argument | main arguments | key takeaways | action items | "
        "article below | the article | pasted below | the memo | the manual | executive summary | "
        "in plain english | in plain language | the white paper",
        2: "key points | bullet points | based on the text | according to the | key findings | "
        "the document | this paper | the report | the contract | this contract | the contracts | "
        "the agreement | this agreement | the minutes | meeting minutes | in a few sentences | "
        "in three sentences | in five sentences | text below | the author | in one paragraph | "
        "the paper | the lease | the thesis | the chapter | main findings | this email thread | "
        "does the contract | the meeting",
        1: "too long | in one sentence | in short",
    },
    "creative": {
        3: "write a poem | short story | bedtime story | write a story | in the style of | "
        "product description | write a song | story about | poem about | opening line | "
        "opening scene | first chapter | blog post | love letter | birthday card | write a scene | "
        "tell me a story | in the voice of | from the perspective of | plot twist | plot twists | "
        "social media post | fairy tale | in the form of | name for my | names for my | "
        "title for | titles for | come up with | wedding speech | as a pirate",
        2: "point of view | role play | make up | write a short | a story | a name | first line | "
        "write a speech | as if you were | make it funny | a dialogue | a letter from | "
        "song about | write me a | a world where | video script | sci-fi | slogan for",
        1: "write a",
    },
    "agent": {
        3: "sub-agent | multi-agent | available tools | your tools | search online | report back | "
        "keep going | use the tools | tools you have | whatever tools | you have access to | "
        "you are an agent | next action | split the work | make a plan | step plan | "
        "if that fails | ask me before | confirm with me | multi-step | several steps | "
        "divide the work | sub-task | function calling",
        2: "the tool | web search | break it into | look up | until all | until you | until it | "
        "when done | once you have | the tools | hand over | hand off | next step | next steps | "
        "if it fails | on your own | without asking | call the | step by step plan | and report | "
        "then check | plan the | keep track",
        1: "right now | and then | search for | then write",
    },
    "chat": {
        3: "how are you | how's it going | good night | who are you | do you ever | "
        "tell me about yourself | let's play | what's up | how was your | how has your | "
        "how's your | how is your day | your favourite | your favorite | i'm feeling | "
        "feeling a bit | cheer me up | make me laugh | tell me a joke | keep me company | "
        "see you | good evening | good afternoon | nice to meet | can't sleep | are you human | "
        "are you real | can we talk | are you there | just wanted to | i'm bored | i miss | "
        "i feel like | so happy | so tired | so sad",
        2: "good morning | your name | are you a | do you like | my day | i feel | i'm so | "
        "thank you | i had a | i got the | i love | do you think | what do you think | you're so | "
        "you are so | you're really | my girlfriend | my boyfriend | can you believe | "
        "do you dream | i've been | do you get",
        1: "i'm | talk to",
    },
    "other": {
        3: "who wrote | who won | what year | in which year | capital of | is it legal | "
        "my rights | cover letter | when did | when was",
        2: "who was | who is | which country | pros and cons | is it better | should i | "
        "how long should | how often should | recommend a | best way to | write a letter | "
        "write an email | what's the rule",
        1: "suggest a | what should | where can | how should",
    },
}

PHRASES: Final[dict[str, tuple[tuple[str, Task, int], ...]]] = {}
"""Each phrase with its task and weight, by the word at which it is looked for: its rarest."""

_OFTEN = (
    "the a of is and in to that for it as with on are at by or from an not was this what one where "
    "no i s which each so has all own only does have how first if more who most other there day be "
    "can when every out name time my me request file do text over then many names up code list "
    "about does you your not were long some into last say times take make write come get go use "
    "without version error tools source answer"
)
_FREQUENT: Final = {word: place for place, word in enumerate(_OFTEN.split())}


def _rarity(word: str) -> tuple[int, int]:
    """A word that is not listed is rarer than those that are, a longer one than a shorter one."""
    return _FREQUENT.get(word, len(_FREQUENT)), len(word)


def _add(phrase: str, task: Task, weight: int) -> None:
    """Of two words as rare the last counts."""
    words: list[str] = re.findall(r"[a-z0-9+#]+", phrase)
    rarest = max(reversed(words), key=_rarity)
    PHRASES[rarest] = (*PHRASES.get(rarest, ()), (phrase, task, weight))


for _task, _by_weight in _PHRASES.items():
    for _weight, _phrases in _by_weight.items():
        for _phrase in _phrases.split(" | "):
            _add(_phrase, _task, _weight)
for _language in _LANGUAGES.split():
    for _form, _weight in _OF_LANGUAGES.items():
        _add(_form.format(_language), "translation", _weight)
