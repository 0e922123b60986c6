/* Draw each picture of a page from the JSON beside it, with the plotly.js that netdash ships. */
for (const figure of document.querySelectorAll("figure.nd-figure")) {
  const { data, layout } = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const place = figure.querySelector(".nd-picture");
  layout.autosize = true;
  delete layout.width;
  window.Plotly.newPlot(place, data, layout, { responsive: true, displayModeBar: false });
}
