// Starts Swagger UI. Calls made with the browser's own login are signed with its session key, as the
// contract's Argus-Csrf-Token asks; a key or token that was pasted goes alone.
(function () {
  "use strict";
  const place = document.getElementById("swagger");
  const sessionKey = place.dataset.sessionKey;

  function base64url(bytes) {
    return btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  async function csrfToken(url) {
    const encode = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));
    const signed = encode({ alg: "HS256", type: "JWT" }) + "." + encode({ url: url, timestamp: Date.now() });
    const raw = Uint8Array.from(atob(sessionKey), (c) => c.charCodeAt(0));
    const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(signed));
    return signed + "." + base64url(signature);
  }

  window.SwaggerUIBundle({
    url: place.dataset.document,
    domNode: place,
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    validatorUrl: null,
    requestInterceptor: async function (call) {
      const named = Object.keys(call.headers).map((name) => name.toLowerCase());
      if (sessionKey && !named.includes("argus-api-key") && !named.includes("authorization")) {
        const url = new URL(call.url, location.href);
        call.headers["Argus-Csrf-Token"] = await csrfToken(url.origin + decodeURIComponent(url.pathname));
      }
      return call;
    },
  });
})();
