#!/usr/bin/env python3
"""Compare a conformance result with the recorded floor, which only rises.

  floor.py [--raise] RESULT FLOOR

FLOOR maps a module to the number of its cases that must pass. A module that passes fewer is a failure.
--raise writes the higher of the two numbers for every module, and never a lower one.
"""
import argparse
import json
import os
import sys


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--raise', dest='raise_floor', action='store_true')
    parser.add_argument('result')
    parser.add_argument('floor')
    arguments = parser.parse_args()
    with open(arguments.result, encoding='utf-8') as file:
        result = json.load(file)
    floor = {}
    if os.path.exists(arguments.floor):
        with open(arguments.floor, encoding='utf-8') as file:
            floor = json.load(file)

    passed = {module: counts['passed'] for module, counts in result['modules'].items()}
    lost = [(m, passed.get(m, 0), least) for m, least in sorted(floor.items()) if passed.get(m, 0) < least]
    gained = [(m, count, floor.get(m, 0)) for m, count in sorted(passed.items()) if count > floor.get(m, 0)]
    for module, count, least in lost:
        print('below the floor: %s %d, was %d' % (module, count, least))
    for module, count, least in gained:
        print('above the floor: %s %d, was %d' % (module, count, least))
    if arguments.raise_floor:
        higher = {m: max(floor.get(m, 0), passed.get(m, 0)) for m in sorted(set(floor) | set(passed))}
        with open(arguments.floor, 'w', encoding='utf-8') as file:
            json.dump(higher, file, indent=1)
            file.write('\n')
    verdict = 'FAILED' if lost else 'ok'
    print('CONFORMANCE %s: %d of %d cases pass' % (verdict, result['passed'], result['total']))
    return 1 if lost else 0


if __name__ == '__main__':
    sys.exit(main())
