// Tokenizes, parses by precedence climbing and evaluates arithmetic.
class ParseError extends Error {
  name = "ParseError";
  constructor(message, position) {
    super(`${message} at ${position}`);
    this.position = position;
  }
}

const OPERATORS = {
  "+": { power: 1, apply: (a, b) => a + b },
  "-": { power: 1, apply: (a, b) => a - b },
  "*": { power: 2, apply: (a, b) => a * b },
  "/": { power: 2, apply: (a, b) => a / b },
  "^": { power: 3, right: true, apply: Math.pow },
};

function* tokens(text) {
  const pattern = /\s*(?:(?<number>\d+(?:\.\d+)?)|(?<name>[a-z]+)|(?<sign>[-+*/^(),]))/gy;
  let match;
  let end = 0;
  while ((match = pattern.exec(text))) {
    end = pattern.lastIndex;
    yield { ...match.groups, at: match.index };
  }
  if (end < text.trimEnd().length) throw new ParseError(`Unexpected "${text[end]}"`, end);
}

class Parser {
  #tokens;
  #next;
  constructor(text) {
    this.#tokens = tokens(text);
    this.#advance();
  }
  #advance() {
    const current = this.#next;
    this.#next = this.#tokens.next().value;
    return current;
  }
  parse() {
    const value = this.#expression(0);
    if (this.#next) throw new ParseError(`Unexpected "${this.#next.sign ?? this.#next.number}"`, this.#next.at);
    return value;
  }
  #expression(least) {
    let left = this.#primary();
    for (;;) {
      const operator = OPERATORS[this.#next?.sign];
      if (!operator || operator.power < least) return left;
      this.#advance();
      left = operator.apply(left, this.#expression(operator.power + (operator.right ? 0 : 1)));
    }
  }
  #primary() {
    const token = this.#advance();
    if (token?.number) return Number(token.number);
    if (token?.sign === "-") return -this.#expression(3);
    if (token?.name) return this.#call(token);
    if (token?.sign === "(") {
      const value = this.#expression(0);
      if (this.#advance()?.sign !== ")") throw new ParseError("Missing )", token.at);
      return value;
    }
    throw new ParseError("Expected a value", token?.at ?? "the end");
  }
  #call({ name, at }) {
    if (typeof Math[name] !== "function") throw new ParseError(`Unknown function ${name}`, at);
    this.#advance();
    const args = [this.#expression(0)];
    while (this.#advance()?.sign === ",") args.push(this.#expression(0));
    return Math[name](...args);
  }
}

export default () => {
  const results = {};
  for (const text of ["1 + 2 * 3", "2 ^ 3 ^ 2", "(1 + 2) * -3", "max(2, 3 * 4, 5) / sqrt(16)", "0.1 + 0.2", "1 +", "2 $ 3"]) {
    try {
      results[text] = new Parser(text).parse();
      console.log(`${text} = ${results[text]}`);
    } catch (error) {
      console.error(`${text}: ${error.name}: ${error.message}`);
      console.log(`${Object.keys(error)}`, error instanceof ParseError);
    }
  }
  return results;
};
