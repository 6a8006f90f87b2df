# Redraws the picture: gnuplot './p2p.gp'
set terminal svg size 640,439 dynamic mouse standalone noenhanced font 'sans-serif,12' background 'white'
set output './p2p.svg'
data = './p2p.dat'
set encoding utf8
set label 1 'Device to device, rate (GB/s): p2p/copy/one' at screen 0.0187,0.9590 left font ',15'
set label 2 'Faultline reference (model: native), policy xe-7.0, model native, kernel 6.19.0' at screen 0.0187,0.9157 left font ',11' textcolor rgb '#444444'
set label 3 'A: run 12345678' at screen 0.0187,0.8815 left font ',11' textcolor rgb '#444444'
set label 4 'a cell: median of n = 3 repetitions; empty: not measured' at screen 0.0187,0.8474 left font ',11' textcolor rgb '#444444'
set grid linecolor rgb '#dddddd' linetype 1
set border 3
set tics nomirror
unset key
set lmargin at screen 0.1250
set rmargin at screen 0.8281
set tmargin at screen 0.8064
set bmargin at screen 0.1230
set xtics ('0' 0, '1' 1)
set ytics ('0' 0, '1' 1)
set xlabel 'to device'
set ylabel 'from device'
set xrange [-0.5:1.5]
set yrange [1.5:-0.5]
unset grid
set palette defined (0 '#f7fbff', 0.5 '#6baed6', 1 '#084594')
set cblabel 'rate (GB/s)'
set cbrange [0:1.985741]
set style fill solid 1 noborder
plot data index 0 using 1:2:($1-0.48):($1+0.48):($2-0.48):($2+0.48):($3*1e-09) with boxxyerror lc palette notitle, \
     data index 0 using 1:2:(sprintf('%.3g', $3*1e-09)):($3 > 1.390019e+09 ? 0xffffff : 0x000000) with labels tc rgb variable font ',14' notitle
unset output
