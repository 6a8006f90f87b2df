'use strict';
(() => {
  const search = document.getElementById('search');
  const shown = document.getElementById('shown');
  const articles = [...document.querySelectorAll('article')];
  const boxes = [...document.querySelectorAll('.tools input[type=checkbox]')];

  // Every word must be in the name; of the verdicts, those that are ticked.
  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const article of articles) {
      const name = article.dataset.name.toLowerCase();
      const fits = words.every((word) => name.includes(word)) &&
        (boxes.length === 0 || verdicts.has(article.dataset.verdict));
      article.hidden = !fits;
      if (fits) ++count;
    }
    shown.textContent = `${count} of ${articles.length} benchmarks`;
  }

  // A link into the page shows what it leads to, whatever is filtered.
  function follow() {
    const target = document.getElementById(location.hash.slice(1));
    if (target && target.hidden) {
      search.value = '';
      for (const box of boxes) box.checked = true;
      filter();
      target.scrollIntoView();
    }
  }

  const colour = (group) => (/(?:stroke|fill)=["'](rgb\([^)]*\))/.exec(group.innerHTML) || [])[1];

  // With a curve fades what has its colour and no name of its own: its band, or the same benchmark in another panel.
  function toggle(curve) {
    const off = curve.classList.toggle('off');
    for (const other of curve.closest('svg').querySelectorAll('g[id*="_plot_"]:not([role])')) {
      if (colour(other) && colour(other) === colour(curve)) other.classList.toggle('off', off);
    }
    curve.setAttribute('aria-pressed', String(!off));
  }

  for (const curve of document.querySelectorAll('figure g[id*="_plot_"]')) {
    const key = curve.querySelector('text');
    if (!key || !curve.querySelector('path')) continue;  // a band, or the figures of a matrix
    curve.setAttribute('role', 'button');
    curve.setAttribute('tabindex', '0');
    curve.setAttribute('aria-pressed', 'true');
    curve.setAttribute('aria-label', key.textContent);
    curve.addEventListener('click', () => toggle(curve));
    curve.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      toggle(curve);
    });
  }

  document.addEventListener('keydown', (event) => {
    if (event.key === '/' && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === 'Escape' && document.activeElement === search) {
      search.value = '';
      filter();
    }
  });
  search.addEventListener('input', filter);
  for (const box of boxes) box.addEventListener('change', filter);
  window.addEventListener('hashchange', follow);
  filter();
  follow();
})();
