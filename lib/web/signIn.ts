/** How people sign in, as the page is told. */
export type SignIn = {
  issuer: string;
  clientId: string;
  scope: string;
  /** Which of the two the API is shown. */
  token: 'access' | 'id';
  /** More for the authorization request, such as an audience. */
  parameters?: Record<string, string>;
};
