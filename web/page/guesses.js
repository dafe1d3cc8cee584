/** The likeliest labels as bars that move as the drawing grows, and one sentence on the likeliest. */
export class Guesses {
  #list;
  #verdict;
  #spoken;
  #rows = new Map();
  #settling;

  constructor(list, verdict, spoken) {
    this.#list = list;
    this.#verdict = verdict;
    this.#spoken = spoken;
  }

  /**
   * Shows guesses, the likeliest first; they are read out once a stroke is finished. Of a drawing that is like none of a known word
   * none is said to be it.
   */
  show(predictions, isFinal, isUnknown = false) {
    const shown = new Set(predictions.map(({ label }) => label));
    for (const [label, row] of this.#rows) {
      if (shown.has(label)) continue;
      row.remove();
      this.#rows.delete(label);
    }
    predictions.forEach(({ label, probability }, place) => {
      const row = this.#rows.get(label) ?? this.#add(label);
      row.style.setProperty("--place", place);
      row.style.setProperty("--share", probability.toFixed(4));
      row.classList.toggle("first", place === 0);
      row.lastElementChild.textContent = percent(probability);
    });
    const [{ label, probability }] = predictions;
    this.#list.classList.toggle("unsure", isUnknown);
    if (isUnknown) this.#say("No word it knows yet: keep going");
    else this.#say(sentence(probability), label);
    if (!isFinal) return;
    this.#settle(predictions);
    this.#spoken.textContent = isUnknown ? "No word it knows yet" : predictions.slice(0, 3).map(({ label, probability }) => `${label} ${percent(probability)}`).join(", ");
  }

  /** Puts rows in the order that is seen, for who reads instead, once they have stopped: a row that is put elsewhere jumps. */
  #settle(predictions) {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      const rows = predictions.map(({ label }) => this.#rows.get(label));
      const isSorted = rows.every((row, place) => row === this.#list.children[place]);
      if (!isSorted && rows.every(Boolean)) this.#list.replaceChildren(...rows);
    }, 300);
  }

  reset() {
    clearTimeout(this.#settling);
    this.#rows.forEach((row) => row.remove());
    this.#rows.clear();
    this.#say("Nothing drawn yet");
    this.#spoken.textContent = "";
  }

  #say(words, label) {
    const parts = [words];
    if (label !== undefined) {
      const strong = document.createElement("strong");
      strong.textContent = label;
      parts.push(" ", strong);
    }
    this.#verdict.replaceChildren(...parts);
  }

  #add(label) {
    const row = document.createElement("li");
    const [name, share] = [document.createElement("span"), document.createElement("span")];
    name.textContent = label;
    share.className = "share";
    row.append(name, share);
    this.#rows.set(label, row);
    this.#list.append(row);
    return row;
  }
}

const percent = (probability) => `${(100 * probability).toFixed(probability < 0.1 ? 1 : 0)} %`;

function sentence(probability) {
  if (probability > 0.8) return "That is:";
  if (probability > 0.4) return "Looks like:";
  return "Perhaps:";
}
