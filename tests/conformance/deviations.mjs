// SPDX-License-Identifier: MIT
// The tests of the public suite that Sluice does not pass, and why. The suite on npm is of 2020:
// what RFC 9111 and 9110 (2022) changed, its later versions ask for as Sluice does it.

const age = 'RFC 9111 5.1: of several values the first counts; what is no number is ignored'
const errorPage = 'the 502 of a proxy whose origin hangs up is taken for a stored response'
const whole = 'RFC 9111 3.3 is optional: parts are not stored, but cut out of the whole'

export const deviations = {
  'age-parse-nonnumeric': age,
  'age-parse-negative': age,
  'age-parse-float': age,
  'age-parse-prefix-twoline': age,
  'age-parse-dup-0': age,
  'age-parse-dup-0-twoline': age,
  'age-parse-dup-old': age,
  'age-parse-parameter': age,
  'age-parse-numeric-parameter': age,
  'stale-close-must-revalidate': errorPage,
  'stale-close-proxy-revalidate': errorPage,
  'stale-close-no-cache': errorPage,
  'stale-close-s-maxage=2': errorPage,
  'headers-store-Transfer-Encoding': 'RFC 9112 6.1: what ends in an unknown coding is a 502',
  '304-etag-update-response-ETag': 'RFC 9111 4.3.4: a 304 for another strong ETag confirms nothing',
  'method-POST': 'RFC 9111 2: only responses to GET are stored',
  'vary-normalise-lang-order': 'RFC 9110 12.5.4: the order of equals may mean something',
  'vary-normalise-lang-select': 'RFC 9111 4.1 leaves the choice between languages to the origin',
  'conditional-lm-fresh-no-lm': 'RFC 9111 4.3.2: Date stands for Last-Modified, and is later',
  'partial-store-partial-reuse-partial': whole,
  'partial-store-partial-reuse-partial-byterange': whole,
  'partial-store-partial-reuse-partial-absent': whole,
  'partial-store-partial-reuse-partial-suffix': whole,
  'partial-store-partial-complete': whole
}
