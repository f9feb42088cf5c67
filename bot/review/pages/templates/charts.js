/* Draws the figures of a page with plotly, in the colours of the page, when they come into view.

   A figure is JSON in <script type="application/json" data-plot="ID">; a colour in it is the name
   of a variable of the style sheet, "@accent", with an opacity where wanted, "@accent/0.2".
   plotly comes from the page itself, compressed, or from the address in <body data-plotly>. */
(() => {
  "use strict";
  const NAMES = ["bg", "surface", "ink", "muted", "line", "accent", "loss", "alarm"];
  const plots = [...document.querySelectorAll(".plot")];
  if (plots.length === 0) return;

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  };
  const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)).join(",");
  const painted = (value, palette) => {
    if (typeof value === "string" && value.startsWith("@")) {
      const [name, opacity] = value.slice(1).split("/");
      if (!(name in palette)) return value;
      return opacity ? `rgba(${channels(palette[name])},${opacity})` : palette[name];
    }
    if (Array.isArray(value)) return value.map((each) => painted(each, palette));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, painted(each, palette)]));
    }
    return value;
  };
  const font = () => getComputedStyle(document.body).fontFamily;
  const draw = async (plot) => {
    const source = document.querySelector(`script[data-plot="${plot.id}"]`);
    const figure = painted(JSON.parse(source.textContent), colours());
    figure.layout.font = { ...figure.layout.font, family: font() };
    const Plotly = await library();
    await Plotly.react(plot, figure.data, figure.layout, { displayModeBar: false, responsive: true, scrollZoom: false });
    plot.dataset.drawn = "yes";
  };
  const fail = (plot) => (fault) => {
    plot.textContent = "This chart could not be drawn; its figures are in the tables.";
    console.error(fault);
  };
  const show = (plot) => draw(plot).catch(fail(plot));

  let loading;
  const library = () => (loading ??= document.getElementById("plotly") ? unpacked() : fetched());
  const ready = (resolve, script) => {
    document.head.append(script);
    if (window.Plotly) resolve(window.Plotly);
  };
  const unpacked = async () => {
    const packed = document.getElementById("plotly").textContent.trim();
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    return new Promise((resolve) => ready(resolve, script));
  };
  const fetched = () => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.body.dataset.plotly;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error(`${script.src} could not be loaded`));
    document.head.append(script);
  });

  const watch = new IntersectionObserver((seen) => {
    for (const { isIntersecting, target } of seen) {
      if (!isIntersecting) continue;
      watch.unobserve(target);
      show(target);
    }
  }, { rootMargin: "300px" });
  plots.forEach((plot) => watch.observe(plot));

  const again = () => plots.filter((plot) => plot.dataset.drawn).forEach(show);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.theme = "light";
    plots.forEach((plot) => { watch.unobserve(plot); show(plot); });
  });
  addEventListener("afterprint", () => {
    delete document.documentElement.dataset.theme;
    again();
  });
})();
