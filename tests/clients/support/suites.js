/** The suites: how each is run, what its lines count, and what a machine may lack for it. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const target = resolve(process.env.SYMBOLON_TARGET ?? join(import.meta.dirname, '../../../target'));
const python = process.env.SYMBOLON_CLIENTS_PYTHON ?? join(target, 'clients-python/bin/python');

/** The version that a program tells, as numbers; nothing where there is no such program. */
function version(program, argument, pattern) {
  const { stdout, stderr, status } = spawnSync(program, [argument], { encoding: 'utf8' });
  const found = status === 0 ? pattern.exec(stdout + stderr) : null;
  return found && found.slice(1).map(Number);
}

const older = ([major, minor = 0], [wanted, least = 0]) => major < wanted || (major === wanted && minor < least);

/** What `lacks` says when the program is missing or older than that. */
function needs(what, least, found) {
  if (!found) return `this machine has no ${what}`;
  return older(found, least) ? `${what} here is ${found.join('.')}, older than ${least.join('.')}` : undefined;
}

/**
 * Whether this machine could have a Debian package: we are root, and there is one that is not too old for us.
 * @param {string} name
 * @param {RegExp} pattern of its version
 * @param {number[]} [least]
 */
function obtainable(name, pattern, least = [0]) {
  if (process.getuid?.() !== 0) return false;
  const { stdout, status } = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8' });
  const found = status === 0 ? pattern.exec(/Candidate: (.*)/.exec(stdout)?.[1] ?? '') : null;
  return found !== null && !older(found.slice(1).map(Number), least);
}

let ran = 0; // of unittest, whose second line tells how it went

/** @type {Record<string, { command: string[], count: (line: string) => { passed?: number, failed?: number } | undefined, lacks: () => string | undefined, obtainable?: () => boolean }>} `obtainable`: whether what it lacks could be installed here */
export const SUITES = {
  python: {
    command: [python, 'run.py'],
    count(line) {
      const total = /^Ran (\d+) tests? in/.exec(line);
      if (total) ran = Number(total[1]);
      const end = /^(?:OK|FAILED)(?: \((.*)\))?$/.exec(line);
      if (!end) return undefined;
      const numbers = Object.fromEntries((end[1] ?? '').split(', ').map((part) => part.split('=')));
      const failed = Number(numbers.failures ?? 0) + Number(numbers.errors ?? 0);
      return { passed: ran - failed - Number(numbers.skipped ?? 0), failed };
    },
    lacks: () => (existsSync(python) ? undefined : `no Python at ${python} with what requirements.txt names; cargo xtask test makes it`),
  },
  rust: {
    command: [process.env.CARGO ?? 'cargo', 'test', '--locked', '--quiet', '--target-dir', join(target, 'clients-rust')],
    count(line) {
      const found = /^test result: .*?(\d+) passed; (\d+) failed/.exec(line);
      return found && { passed: Number(found[1]), failed: Number(found[2]) };
    },
    lacks: () => undefined,
  },
  go: {
    command: ['go', 'test', '-count=1', '-v', './...'],
    count: (line) => (/^--- PASS: /.test(line) ? { passed: 1 } : /^--- FAIL: /.test(line) ? { failed: 1 } : undefined),
    lacks: () => needs('Go', [1, 26], version('go', 'version', /go(\d+)\.(\d+)/)),
    obtainable: () => obtainable('golang-go', /^(?:\d+:)?(\d+)\.(\d+)/, [1, 26]),
  },
  java: {
    command: ['mvn', '--batch-mode', '--no-transfer-progress', '-Dstyle.color=never', `-Dfolder=${join(target, 'clients-java')}`, 'test'],
    count(line) {
      // The last line of all; those before it tell of one class each.
      const found = /Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)$/.exec(line);
      if (!found) return undefined;
      const [total, failures, errors, skipped] = found.slice(1).map(Number);
      return { passed: total - failures - errors - skipped, failed: failures + errors };
    },
    lacks: () =>
      needs('Java', [17], version('java', '-version', /version "(\d+)/)) ?? needs('Maven', [3, 8], version('mvn', '--version', /Maven (\d+)\.(\d+)/)),
    obtainable: () => obtainable('default-jdk-headless', /^\d+:1\.(\d+)/, [17]) && obtainable('maven', /^(\d+)\.(\d+)/, [3, 8]),
  },
};
