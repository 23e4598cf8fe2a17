// Your server: its host must be among the socket domains of the mini-program. A password does not belong into a program
// that everybody can unpack: get a token from your server after wx.login, and give `credentials` a function.
module.exports = {
  url: "wss://push.example.com/mqtt",
  username: "ada",
  password: "secret",
  topic: "user/ada/chat",
};
