// Says at the end, in plain letters, which tests failed and why: logs that keep only the end, or
// only ASCII, still tell.
import type { FullResult, Reporter, TestCase, TestResult } from '@playwright/test/reporter';

const plain = (text: string) =>
  text
    // eslint-disable-next-line no-control-regex -- colours begin with a control character
    .replace(/\u001b\[[0-9;]*m/g, '')
    .replace(/[^\x20-\x7e\n]+/g, '>')
    .trim();

export default class Failures implements Reporter {
  private readonly found: string[] = [];

  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status === test.expectedStatus || result.status === 'skipped') return;
    const why = result.errors.map((error) => plain(error.message ?? '')).join('\n');
    const where = `${test.location.file.replace(/^.*\//, '')}:${test.location.line}`;
    this.found.push(`FAILED ${where} ${plain(test.title)} (${result.status})\n${why.slice(0, 600)}`);
  }

  onEnd(result: FullResult): void {
    if (this.found.length > 0) console.error(`\n${this.found.join('\n\n')}`);
    if (result.status !== 'passed') console.error(`\nbrowser tests: ${result.status}`);
  }

  printsToStdio(): boolean {
    return false;
  }
}
