// Where the server is, and the id that it gave this application.
window.settings = {
  authority: "http://127.0.0.1:8080",
  client_id: "PASTE THE CLIENT ID HERE",
};
