/** How people sign in, as the page is told. */
export type SignIn = {
  issuer: string;
  clientId: string;
  scope: string;
  /** Which of the two the API is shown. */
  token: 'access' | 'id';
  /** More for the authorization request, such as an audience. */
  parameters?: Record<string, string>;
  /** What the issuer says of itself; absent while it does not answer. */
  server?: IssuerServer;
};

/** The part of an issuer's metadata that a sign-in needs, by OpenID Connect's own names. */
export type IssuerServer = {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  revocation_endpoint?: string;
  end_session_endpoint?: string;
  id_token_signing_alg_values_supported?: string[];
  authorization_response_iss_parameter_supported?: boolean;
};
