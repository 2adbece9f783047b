package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// What reflection does not see: the markers in the comments of a type's source, from which the
// schema of a CRD is made. Each is `name` or `name=value`.
type markers struct {
	packages map[string]map[string]markedType
}

type markedType struct {
	own    []string
	fields map[string][]string
	// The constants of the type, where it is a string.
	values []string
}

func (m *markers) of(typ reflect.Type) markedType {
	// The program's own types have none.
	if path := typ.PkgPath(); path == "" || path == "main" {
		return markedType{}
	}
	if m.packages == nil {
		m.packages = map[string]map[string]markedType{}
	}
	if _, ok := m.packages[typ.PkgPath()]; !ok {
		m.packages[typ.PkgPath()] = readMarkers(typ.PkgPath())
	}
	return m.packages[typ.PkgPath()][typ.Name()]
}

func readMarkers(pkgPath string) map[string]markedType {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", pkgPath).Output()
	if err != nil {
		panic("no source of " + pkgPath + ": " + err.Error())
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "*types.go"))
	if err != nil {
		panic(err)
	}
	types := map[string]markedType{}
	values := map[string][]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			panic(err)
		}
		for _, decl := range file.Decls {
			general, isGeneral := decl.(*ast.GenDecl)
			if !isGeneral {
				continue
			}
			for _, spec := range general.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					own := append(markersIn(general.Doc), markersIn(spec.Doc)...)
					types[spec.Name.Name] = markedType{own, fieldMarkers(spec.Type), nil}
				case *ast.ValueSpec:
					name, value := constant(spec)
					values[name] = append(values[name], value...)
				}
			}
		}
	}
	for name, typ := range types {
		typ.values = values[name]
		types[name] = typ
	}
	return types
}

// constant gives the type and the text of a constant such as `PullAlways PullPolicy = "Always"`.
func constant(spec *ast.ValueSpec) (string, []string) {
	typ, isNamed := spec.Type.(*ast.Ident)
	if !isNamed || len(spec.Values) != 1 {
		return "", nil
	}
	literal, isLiteral := spec.Values[0].(*ast.BasicLit)
	if !isLiteral || literal.Kind != token.STRING {
		return "", nil
	}
	value, err := strconv.Unquote(literal.Value)
	if err != nil {
		panic(err)
	}
	return typ.Name, []string{value}
}

// enumeration: the values of a type that has no others.
func (m *markers) enumeration(typ reflect.Type) []string {
	marked := m.of(typ)
	if typ.Kind() != reflect.String || !slices.Contains(marked.own, "enum") {
		return nil
	}
	values := slices.Clone(marked.values)
	slices.Sort(values)
	return slices.Compact(values)
}

func fieldMarkers(typ ast.Expr) map[string][]string {
	fields := map[string][]string{}
	if structType, isStruct := typ.(*ast.StructType); isStruct {
		for _, field := range structType.Fields.List {
			for _, name := range field.Names {
				fields[name.Name] = markersIn(field.Doc)
			}
		}
	}
	return fields
}

func markersIn(doc *ast.CommentGroup) []string {
	found := []string{}
	if doc == nil {
		return found
	}
	for _, comment := range doc.List {
		line := strings.TrimSpace(strings.TrimPrefix(comment.Text, "//"))
		if strings.HasPrefix(line, "+") {
			found = append(found, strings.TrimSpace(line[1:]))
		}
	}
	return found
}

// schemaOptions says in the table's notation what a field's markers say about its schema.
func (m *markers) schemaOptions(typ reflect.Type, field reflect.StructField, omitted bool) string {
	required, listType, keys, options := !omitted, "", []string{}, ""
	for _, marker := range m.of(typ).fields[field.Name] {
		name, value, _ := strings.Cut(marker, "=")
		switch name {
		case "optional", "kubebuilder:validation:Optional":
			required = false
		case "required", "kubebuilder:validation:Required":
			required = true
		case "listType":
			listType = value
		case "listMapKey":
			keys = append(keys, value)
		case "default", "kubebuilder:default":
			if !strings.HasPrefix(value, `"`) && value != "false" && value != "true" {
				value = `"` + value + `"`
			}
			options += " default=" + value
		case "kubebuilder:validation:Enum":
			options += " enum=" + value
		case "structType", "mapType":
			if value == "atomic" {
				options += " atomic"
			}
		case "kubebuilder:validation:XValidation:rule":
			if !strings.HasPrefix(value, `"self == oldSelf"`) {
				panic(typ.String() + "." + field.Name + ": " + marker)
			}
			options += " immutable"
		}
	}
	if required {
		options += " required"
	}
	switch listType {
	case "map":
		options += " keys=" + strings.Join(keys, ",")
	case "atomic", "set":
		options += " list=" + listType
	case "":
	default:
		panic("a type of list the table does not know: " + listType)
	}
	if m.isAtomic(innermost(field.Type)) {
		options += " atomic"
	}
	if values := m.enumeration(innermost(field.Type)); values != nil {
		options += " values=" + strings.Join(values, ";")
	}
	return options
}

// isAtomic: whether the type, or one embedded in it, is merged as one value.
func (m *markers) isAtomic(typ reflect.Type) bool {
	if typ.Kind() != reflect.Struct {
		return false
	}
	for _, marker := range m.of(typ).own {
		if marker == "structType=atomic" {
			return true
		}
	}
	for i := range typ.NumField() {
		if field := typ.Field(i); field.Anonymous && m.isAtomic(field.Type) {
			return true
		}
	}
	return false
}

func innermost(typ reflect.Type) reflect.Type {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return innermost(typ.Elem())
	}
	return typ
}
