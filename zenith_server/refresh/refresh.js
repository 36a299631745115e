// Renews a page in development: when other code answers, and when what it is made of was saved.
(() => {
  const source = new URL(document.currentScript.src);
  let token = source.search.slice(1);
  const address = source.origin.replace(/^http/, "ws") + "/_zenith/refresh";
  const RENEWED = "zenith.renewed";
  const MOST = 5;
  const AGAIN = 50;
  const SHORTEST = 20;
  const LONGEST = 1000;
  let pause = SHORTEST;

  if (window.zenithRefreshes) return;
  window.zenithRefreshes = true;

  // On a connection that is still open the old process may answer once more, and a cache does so
  // for ever: try again, but not without end.
  function renewFor(other) {
    const [last, times] = (sessionStorage.getItem(RENEWED) ?? "").split(" ");
    const time = last === other ? Number(times) + 1 : 1;
    if (time > MOST) return;
    sessionStorage.setItem(RENEWED, `${other} ${time}`);
    setTimeout(() => location.reload(), (time - 1) * AGAIN);
  }

  function isOf(link, file) {
    const url = new URL(link.href);
    return url.origin === source.origin && url.pathname.endsWith("/" + file.split("/").pop());
  }

  // The new style is there before the old one goes, so that nothing flashes.
  function exchange(link) {
    const next = link.cloneNode();
    const url = new URL(link.href);
    url.searchParams.set("zenith-refresh", Date.now());
    next.href = url.href;
    next.onload = next.onerror = () => link.remove();
    link.after(next);
  }

  // Styles that the page has are enough; whatever else was saved needs the page anew.
  function exchanged(files) {
    const links = [...document.querySelectorAll('link[rel~="stylesheet"][href]')];
    const found = files.map((file) =>
      file.endsWith(".css") ? links.filter((link) => isOf(link, file)) : [],
    );
    if (found.some((own) => own.length === 0)) return false;
    new Set(found.flat()).forEach(exchange);
    return true;
  }

  function connect() {
    const socket = new WebSocket(address);
    socket.onmessage = ({ data }) => {
      const said = JSON.parse(data);
      pause = SHORTEST;
      if (said.token === token) return;
      if (!said.files || !exchanged(said.files)) renewFor(said.token);
      token = said.token;
    };
    socket.onclose = () => {
      setTimeout(connect, pause);
      pause = Math.min(2 * pause, LONGEST);
    };
  }

  connect();
})();
