import { Component, type ComponentChild, type FunctionComponent, h } from 'preact';

/** A component that is drawn again only where what it shows is no longer the same. */
export function memo<P extends object>(
  draw: (props: P) => ComponentChild,
  isSame: (before: P, after: P) => boolean,
): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      return !isSame(this.props as P, next as P);
    }
    render(): ComponentChild {
      return draw(this.props as P);
    }
  }
  return (props) => h(Memo as never, props as never);
}
