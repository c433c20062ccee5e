"""python -m launcher demo"""

import sys

from launcher.demo import main

if __name__ == "__main__":
    if sys.argv[1:] != ["demo"]:
        sys.exit("usage: python -m launcher demo")
    sys.exit(main())
